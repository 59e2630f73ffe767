import {readdirSync, readFileSync} from 'node:fs';
import {join, relative} from 'node:path';

/** What a package is called. */
export interface PackageNames {
  /** Of its folder and its card, in kebab-case: `monarch-mixer`. */
  name: string;
  /** For readers: `Monarch Mixer`. */
  title: string;
}

/** The package whose files are the template: valid as it stands, with the placeholders for names. */
const templateDirectory = join(import.meta.dirname, '..', 'template');

/** `monarch-mixer` as the name of its factory, `monarchMixer`. */
export const camelCase = (name: string) => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** `monarch-mixer` as the name of its class, `MonarchMixer`. */
const pascalCase = (name: string) => camelCase(`-${name}`);

/** A text of the template, or one of its paths, with a package's names. */
export function renamed(text: string, {name, title}: PackageNames): string {
  const names: Record<string, string> = {
    'template-name': name,
    templateName: camelCase(name),
    TemplateName: pascalCase(name),
    'Template Name': title,
  };
  return text.replace(/template-name|templateName|TemplateName|Template Name/g, (placeholder) => names[placeholder]);
}

/** The template's files by their paths in the package, names not yet replaced. */
export function templateFiles(): Map<string, string> {
  const files = readdirSync(templateDirectory, {recursive: true, withFileTypes: true}).filter((entry) =>
    entry.isFile(),
  );
  const paths = files.map(({parentPath, name}) => join(parentPath, name)).sort();
  return new Map(paths.map((path) => [relative(templateDirectory, path), readFileSync(path, 'utf8')]));
}

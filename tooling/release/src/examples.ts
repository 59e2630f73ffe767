import {existsSync} from 'node:fs';
import {copyFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {PublishedPackage} from './packages';

/** The name of a package as part of a file's. */
const fileName = (packageName: string) => packageName.replace('@', '').replaceAll('/', '-');

/** The file of a package's example, without its ending. */
export const exampleName = (packageName: string): string => `example-${fileName(packageName)}`;

/** A program of a user that a package may keep. */
const programOf = ({directory}: PublishedPackage) => join(directory, 'test/pack/example.ts');

/** A model that a package may keep for `user-program.ts` to train. */
const modelOf = ({directory}: PublishedPackage) => join(directory, 'test/pack/model.ts');

/** Whether a package has an example. */
export const hasExample = (each: PublishedPackage): boolean => existsSync(programOf(each)) || existsSync(modelOf(each));

/**
 * Writes each package's example into the project of a user, to be run against what `pnpm pack` makes of the packages: the
 * program `test/pack/example.ts` as it is, or the program that trains the model of `test/pack/model.ts`.
 */
export async function writeExamples(packages: readonly PublishedPackage[], directory: string): Promise<void> {
  await copyFile(join(import.meta.dirname, 'user-program.ts'), join(directory, 'user-program.ts'));
  for (const each of packages.filter(hasExample)) {
    const example = join(directory, `${exampleName(each.name)}.ts`);
    if (existsSync(programOf(each))) await copyFile(programOf(each), example);
    else {
      const model = `model-${fileName(each.name)}`;
      await copyFile(modelOf(each), join(directory, `${model}.ts`));
      await writeFile(example, programWith(model));
    }
  }
}

const programWith = (model: string) => `
import * as model from './${model}.js';
import {trainAndGenerate} from './user-program.js';

await trainAndGenerate(model);
`;

/** The parts of a `package.json` that say what is published. */
export interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly publishConfig: {
    readonly exports: Readonly<Record<string, {readonly types: string; readonly default: string}>>;
  };
}

/**
 * Pairs each source of `exports` with the file that `publishConfig.exports` promises for it, as tsup's `entry` wants it:
 * `{index: './src/index.ts'}` is built to `dist/index.js` and `dist/index.d.ts`.
 *
 * @throws Error when the two maps differ in their paths, or a promised file is not `./dist/<name>.js` with its `.d.ts`.
 */
export function entryPoints({name, exports, publishConfig}: Manifest): Record<string, string> {
  const published = publishConfig.exports;
  for (const path of Object.keys(published))
    if (!(path in exports))
      throw new Error(`${name}: publishConfig.exports has ${path}, exports has not; add its source to exports`);

  return Object.fromEntries(
    Object.entries(exports).map(([path, source]) => {
      const target = published[path];
      const entry = target?.default.match(/^\.\/dist\/(.+)\.js$/)?.[1];
      if (entry === undefined || target?.types !== `./dist/${entry}.d.ts`)
        throw new Error(
          `${name}: publishConfig.exports["${path}"] must give types ./dist/<name>.d.ts and default ./dist/<name>.js`,
        );
      return [entry, source];
    }),
  );
}

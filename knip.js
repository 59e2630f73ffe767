/** The imports in a README's examples, which knip reads as those of a program. */
const importsOfExamples = (markdown) =>
  [...markdown.matchAll(/^```ts.*\n([\s\S]*?)^```/gm)]
    .flatMap(([, program]) => program.match(/^import [^;]*;/gm) ?? [])
    .join('\n');

export default {
  compilers: {md: importsOfExamples},
  ignoreFiles: ['**/*.md'],
  workspaces: {
    'packages/*': {
      entry: ['README.md', 'test/**/*.test.ts', 'test/pack/*.ts', 'bench/*.ts'],
    },
    'packages/core': {
      entry: ['README.md', 'test/**/*.test.ts', 'test/pack/*.ts', 'src/engines/simd/assembly/index.ts'],
    },
    'packages/train': {
      // Its README trains a model of a package that itself is tested with this one.
      entry: ['test/**/*.test.ts', 'test/loop/interrupted-program.ts'],
    },
    'packages/aft': {
      entry: ['README.md', 'test/**/*.test.ts', 'test/pack/*.ts', 'examples/*.ts'],
      ignoreDependencies: ['mnist'],
    },
    'packages/hyena': {
      entry: ['README.md', 'test/**/*.test.ts', 'test/pack/*.ts', 'bench/*.ts', 'examples/*.ts'],
    },
    'apps/*': {
      entry: ['test/**/*.test.ts', 'examples/*.ts', 'src/engine/peers/node-peer.ts'],
    },
    'tooling/*': {
      entry: ['test/**/*.test.ts', 'test/fixture/*.ts'],
    },
    'tooling/new': {
      entry: [
        'test/**/*.test.ts',
        'template/{README.md,src/index.ts}',
        'template/test/**/*.test.ts',
        'template/test/pack/*.ts',
      ],
      // Its import is right where the file is written to.
      ignore: ['template/tsup.config.ts'],
      ignoreDependencies: ['@biomejs/biome'],
    },
    'tooling/assembly': {
      entry: ['src/build.ts'],
    },
    'tooling/browser': {
      entry: ['test/**/*.test.ts', 'src/page/{checks,run-file,vitest,training-worker}.ts', 'src/picture.ts'],
      ignoreDependencies: ['@sparticuz/chromium'],
    },
    'tooling/tfjs-suite': {
      entry: ['test/**/*.test.ts', 'src/{run,specs}.ts'],
      ignoreDependencies: ['@tensorflow/tfjs', '@variants/core'],
    },
    'tooling/release': {
      entry: [
        '{checks,test}/*.{check,test}.ts',
        'src/bundling/programs/*.js',
        'src/{browser-globals.js,user-program.ts,lines-of-code.ts,repository-update.ts}',
      ],
      // Bundlers are installed beside the packages, in the versions here.
      ignoreDependencies: [
        ...['@arethetypeswrong/cli', 'publint', 'rollup', 'webpack', 'webpack-cli'],
        ...['@rollup/plugin-commonjs', '@rollup/plugin-node-resolve'],
      ],
    },
  },
};

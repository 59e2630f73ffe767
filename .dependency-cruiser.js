/** The rooms of core, from the ground up: a room imports those on the floors below it. */
const floors = [['kernels', 'files'], ['streams'], ['layers'], ['checkpoints'], ['models']];

const core = '^packages/core/src/';
const rooms = floors.flat();
const inRooms = (names) => `${core}(${names.join('|')})/`;
const start = `${core}start\\.ts$`;
const engines = `${core}engines/`;

const error = (name, comment, from, to) => ({name, comment, severity: 'error', from, to});

/** Who may import whom, types too; docs/architecture.md draws it. Cycles are Biome's (`noImportCycles`). */
export default {
  forbidden: [
    ...floors.flatMap((floor, i) =>
      floor.map((room) =>
        error(
          `${room}-import-what-is-below`,
          `Core is a stack: ${floors.map((each) => each.join(', ')).join(' < ')} < start.`,
          {path: inRooms([room])},
          {
            path: [
              inRooms(
                floors
                  .slice(i)
                  .flat()
                  .filter((other) => other !== room),
              ),
              start,
              `${core}index\\.ts$`,
            ],
          },
        ),
      ),
    ),
    error(
      'the-ground-imports-no-room',
      'errors, random, tokenizer, ... are what every room may import.',
      {path: `${core}[^/]+$`, pathNot: `${core}(index|start)\\.ts$`},
      {path: [inRooms(rooms), start]},
    ),
    error(
      'start-alone-imports-engines',
      'A page loads an engine when it takes it.',
      {path: '^packages/', pathNot: [start, engines]},
      {path: engines},
    ),
    error(
      'engines-import-kernels',
      'An engine could be a package of its own: it knows the kernels, and the types of recorded steps.',
      {path: engines},
      {
        path: [inRooms(rooms.filter((room) => room !== 'kernels')), start],
        pathNot: `${core}streams/recorded-step\\.ts$`,
      },
    ),
    error(
      'engines-import-types-of-recorded-steps',
      'An engine could be a package of its own: it knows the kernels, and the types of recorded steps.',
      {path: engines},
      {path: `${core}streams/`, dependencyTypesNot: ['type-only']},
    ),
    error(
      'packages-import-core-alone',
      'What two architectures share lives in core.',
      {path: '^packages/([^/]+)/src/'},
      {path: '^packages/', pathNot: ['^packages/$1/(src/|package\\.json$)', `${core}index\\.ts$`]},
    ),
    error(
      'packages-import-no-tools',
      'Apps and tooling are for the workspace, and are not published.',
      {path: '^packages/'},
      {path: '^(apps|tooling)/'},
    ),
    error(
      'packages-import-by-name',
      'By its path another package is a second copy, or missing where it is installed.',
      {path: '^packages/([^/]+)/src/'},
      {path: '^packages/', pathNot: '^packages/$1/', dependencyTypes: ['local']},
    ),
    error('imports-are-found', 'The other rules do not see what is not found.', {}, {couldNotResolve: true}),
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: {path: 'node_modules'},
    enhancedResolveOptions: {exportsFields: ['exports'], conditionNames: ['types', 'import', 'default']},
  },
};

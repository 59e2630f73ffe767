import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {format} from './format';
import {namesFor} from './names';
import {Refusal} from './refusal';
import {writePackage} from './write-package';

const help = `Usage: pnpm new <name> [--title "<title>"]

Writes packages/<name>, the package of a new architecture: a small causal language model that trains, streams and passes
its tests, to be replaced by the architecture's own mathematics room by room. Registers it in the comparison, in the
README and for the changelog.

  <name>             small letters and digits, with - between words: monarch-mixer
  --title <title>    how it is written in texts; default: the words of the name, each with a capital: Monarch Mixer
  --help             prints this
`;

const nextSteps = (name: string) => `Next:

  1. pnpm install
  2. In packages/${name}, replace the mathematics room by room, each with its tests; REPLACE says where:
       src/${name}-mixer.ts: glossary and ops. Rename it, and what it exports, after the mixer, as retnet's retention.
       src/${name}-mixer-layer.ts: the mixer as a layer
       src/config.ts, src/model.ts: fields, rules, count of parameters; block and stages
       src/checkpoint.ts: the authors' names; test/golden: what their code computes
       src/presets.ts, src/card.ts: published sizes with their sources; paper, idea, equation, costs
       README.md, and "gated running means" in package.json, the workspace's README and .changeset/${name}.md
  3. pnpm test packages/${name}
  4. pnpm api:update
`;

const workspace = join(import.meta.dirname, '../../..');

function run(argv: readonly string[]): string {
  const {values, positionals} = parseArgs({
    // pnpm passes `--` on.
    args: argv.filter((word) => word !== '--'),
    options: {title: {type: 'string'}, help: {type: 'boolean'}},
    allowPositionals: true,
  });
  if (values.help) return help;
  if (positionals.length !== 1)
    throw new Refusal(`${positionals.length} names are given, but it must be one; see pnpm new --help`);
  const names = namesFor(workspace, positionals[0], values.title);
  const paths = writePackage(workspace, names);
  format(workspace, paths);
  return `Written:\n\n${paths.map((path) => `  ${path}\n`).join('')}\n${nextSteps(names.name)}`;
}

try {
  process.stdout.write(run(process.argv.slice(2)));
} catch (error) {
  const {code, message} = error as {code?: string; message: string};
  if (!(error instanceof Refusal) && !code?.startsWith('ERR_PARSE_ARGS')) throw error;
  process.stderr.write(`${message}\n`);
  process.exitCode = 2;
}

import {ConfigError} from '@variants/core';
import {exitCodes, runProgram} from './command-line';
import {scaling} from './scaling/main';

/** What each part of the benchmark is, by the name that follows `pnpm bench`. */
const sections: {[name: string]: {title: string; run(argv: readonly string[]): Promise<number>}} = {
  scaling: {title: 'time and memory against the length of the sequence', run: scaling},
};

const usage = `Usage: pnpm bench <section> [options]

${Object.entries(sections)
  .map(([name, {title}]) => `  ${name.padEnd(12)}${title}`)
  .join('\n')}

pnpm bench <section> --help shows the options of a section.`;

await runProgram(async ([name, ...rest]) => {
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(`${usage}\n`);
    return exitCodes.done;
  }
  const section = sections[name];
  if (!section) throw new ConfigError(`there is no section "${name}"; there are ${Object.keys(sections).join(', ')}`);
  return section.run(rest);
});

import {open, writeFile} from 'node:fs/promises';
import {exitCodes, runProgram} from '../command-line';
import {documentRun} from './document';
import {measure} from './measure';
import {type EngineOptions, parseEngineOptions} from './options';
import {findPeers, peerNames} from './peers/peers';
import {formatProfile, profileTraining} from './profile';
import {Progress} from './progress';
import {formatReport} from './table';
import {fullSizes, groupsOf} from './tasks/cases';

/** Runs the benchmark; resolves to the exit code. Ctrl-C ends it with what is done, a second one at once. */
async function main(argv: readonly string[]): Promise<number> {
  const groups = groupsOf(fullSizes);
  const options = parseEngineOptions(
    argv,
    groups.map(({name}) => name),
    peerNames,
  );
  if (options.document !== undefined) {
    process.stderr.write(`${await documentRun(options.document)}\n`);
    return exitCodes.done;
  }
  if (options.profile) {
    const threads = options.threads[options.threads.length - 1];
    process.stdout.write(`${formatProfile(await profileTraining(fullSizes, threads))}\n`);
    return exitCodes.done;
  }
  const wanted = groups.filter(({name}) => options.only.includes(name));
  return run(wanted, options);
}

async function run(groups: ReturnType<typeof groupsOf>, options: EngineOptions): Promise<number> {
  // Now, or it would turn out after minutes that it cannot be written.
  if (options.json !== undefined) await (await open(options.json, 'a')).close();
  const field = await findPeers(options.peers, options.threads);
  const interrupt = new AbortController();
  process.once('SIGINT', () => {
    interrupt.abort();
    // Some are in the middle of a call of seconds.
    for (const {process} of field.entrants) process.stop();
  });
  const progress = new Progress(process.stderr);
  try {
    const show = (name: string, text: string) => progress.show(name, text);
    const report = await measure(groups, field, options, show, interrupt.signal);
    progress.end();
    if (report.groups.length > 0) process.stdout.write(`${formatReport(report)}\n`);
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report)}\n`);
    if (!interrupt.signal.aborted) return exitCodes.done;
    process.stderr.write(`Interrupted; not measured: ${report.unfinished.join('; ')}\n`);
    return exitCodes.interrupted;
  } finally {
    await field.close();
  }
}

await runProgram(main);

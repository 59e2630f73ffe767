import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {measure} from '../../src/engine/measure';
import {parseEngineOptions} from '../../src/engine/options';
import {type Field, findPeers, peerNames} from '../../src/engine/peers/peers';
import type {Reply} from '../../src/engine/peers/protocol';
import type {EngineReport} from '../../src/engine/report';
import {groupsOf, tinySizes} from '../../src/engine/tasks/cases';

const groups = groupsOf(tinySizes);
const options = parseEngineOptions(['--samples', '1', '--seconds', '0.01', '--threads', '2'], [], peerNames);
const never = new AbortController().signal;

describe('peers in their processes', () => {
  let field: Field;
  let report: EngineReport;
  beforeAll(async () => {
    // tfjs's own backends have tests in this process.
    field = await findPeers(['jax', 'torch', 'c', 'fftjs', 'ops'], options.threads);
    report = await measure(groups, field, options, () => {}, never);
    // Six processes load their libraries, jax-js compiles for each task.
  }, 180_000);
  afterAll(() => field.close());

  it('are the engine, those in Node, and what of PyTorch and a C compiler is here', () => {
    const here = [...report.peers, ...report.missing].map(({title}) => title);
    expect(here.sort()).toEqual(['PyTorch', 'fft.js', 'jax-js', 'plain C', 'simd', 'simd, tfjs ops']);
    expect(report.peers.slice(0, 2).map(({name}) => name)).toEqual(['simd', 'jax']);
    for (const {reason} of report.missing) expect(reason).toMatch(/apt-get install/);
  });

  it('compute the same of every task', () => {
    expect(report.groups.map(({name}) => name)).toEqual(groups.map(({name}) => name));
    for (const {cases, name} of report.groups)
      for (const {measurements} of cases)
        for (const {peer, outcome} of measurements) {
          const isPartial =
            ['c', 'fftjs', 'ops'].includes(peer) ||
            name === 'peak' ||
            (peer === 'jax' && ['scans', 'speech'].includes(name));
          const allowed = isPartial && 'none' in outcome ? {none: true} : {milliseconds: [expect.any(Number)]};
          expect(outcome, `${name}, ${peer}`).toMatchObject(allowed);
        }
  });
});

describe('measure', () => {
  /** Somebody whose every result is this. */
  const entrant = (peer: string, result: number[], prepared: () => void = () => {}) => ({
    peer,
    threads: 1,
    process: {
      label: peer,
      lingers: false,
      async prepare(): Promise<Reply> {
        prepared();
        return {result};
      },
      async time(calls: number): Promise<Reply> {
        return {milliseconds: 10 * calls};
      },
      stop() {},
    },
  });
  const fieldOf = (...entrants: Field['entrants']): Field => ({
    entrants,
    peers: [],
    missing: [],
    close: async () => {},
  });
  const [first] = groups;

  it('does not compare times of different results', async () => {
    const field = fieldOf(
      entrant('a', [1, 200]),
      entrant('b', [1.1, 200.1]),
      entrant('c', [1, 201]),
      entrant('d', [Number.NaN, 200]),
    );
    const report = await measure([first], field, options, () => {}, never);
    expect(report.groups[0].cases[0].measurements.map(({outcome}) => outcome)).toEqual([
      {milliseconds: [10], result: [1, 200]},
      {milliseconds: [10], result: [1.1, 200.1]},
      {error: "its result has 201 where the engine's has 200"},
      {error: "its result has NaN where the engine's has 1"},
    ]);
  });

  it('keeps what was measured when it is stopped, and names the rest', async () => {
    const controller = new AbortController();
    let prepared = 0;
    const stopper = entrant('a', [1], () => {
      prepared++;
      if (prepared === 2) controller.abort();
    });
    const report = await measure([first], fieldOf(stopper), options, () => {}, controller.signal);
    const [done, ...rest] = first.cases.map(({name}) => name);
    expect(report.groups.map(({cases}) => cases.map(({name}) => name))).toEqual([[done]]);
    expect(report.unfinished).toEqual(rest.map((name) => `memory: ${name}`));
  });
});

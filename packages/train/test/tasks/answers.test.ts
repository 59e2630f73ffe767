import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {TaskConfig} from '../../src/tasks/fields';
import {ignoreIndex, type Task, type TaskExample} from '../../src/tasks/task';
import {type TaskName, tasks} from '../../src/tasks/tasks';
import {configs, starts} from './arbitraries';

type Config = Record<string, number>;
/** The answer at position t, from the tokens up to t alone: what a perfect model would say. */
type Solver = (seen: number[], config: Config) => number;

const half = (n: number) => Math.floor(n / 2);

/** The value of the last pair with that key. */
function lookUp(pairs: number[], key: number): number {
  let value = Number.NaN;
  for (let i = 0; i + 1 < pairs.length; i += 2) if (pairs[i] === key) value = pairs[i + 1];
  return value;
}

const copy: Solver = (seen, {numTokens, lag}) =>
  seen.slice(0, numTokens + lag).filter((token) => token !== 0)[seen.length - numTokens - lag - 1];

function evaluate(tokens: number[]): number {
  const [operation, ...rest] = tokens;
  if (operation < 10) return operation;
  const values = splitArguments(rest.slice(0, -1))
    .map(evaluate)
    .sort((a, b) => a - b);
  const middle = [values[half(values.length - 1)], values[half(values.length)]];
  const results = [
    values[0],
    values[values.length - 1],
    half(middle[0] + middle[1]),
    values.reduce((a, b) => a + b) % 10,
  ];
  return results[operation - 10];
}

function splitArguments(tokens: number[]): number[][] {
  const found: number[][] = [];
  let open = 0;
  for (const token of tokens) {
    if (open === 0) found.push([]);
    found[found.length - 1].push(token);
    if (token >= 10 && token <= 13) open++;
    if (token === 14) open--;
  }
  return found;
}

function permutations(things: number[]): number[][] {
  if (things.length === 0) return [[]];
  return things.flatMap((thing) =>
    permutations(things.filter((other) => other !== thing)).map((rest) => [thing, ...rest]),
  );
}

const solvers: Partial<Record<TaskName, Solver>> = {
  mqar: (seen, {numPairs, numPasses, numUpdates}) =>
    lookUp(seen.slice(0, 2 * numPairs * numPasses + 2 * numUpdates), seen[seen.length - 1]),
  'associative-recall': (seen) => lookUp(seen.slice(0, -2), seen[seen.length - 1]),
  'induction-heads': (seen) => seen[seen.indexOf(seen[seen.length - 1]) + 1],
  'in-context-recall': (seen) => lookUp(seen.slice(0, -1), seen[seen.length - 1]),
  'noisy-recall': (seen) => lookUp(seen.slice(0, -1), seen[seen.length - 1]),
  needle: (seen, {vocabSize}) => seen[seen.indexOf(vocabSize - 2) + seen.length - seen.indexOf(vocabSize - 1)],
  passkey: (seen) => {
    const text = String.fromCharCode(...seen);
    const [number] = text.match(/(?<=note: the secret number is )\d+/) as RegExpMatchArray;
    return number.charCodeAt(text.length - text.indexOf('answer: ') - 'answer: '.length);
  },
  copying: copy,
  'selective-copying': copy,
  'selective-copying-mad': (seen, {vocabSize}) => {
    const at = seen.indexOf(vocabSize - 1);
    return seen.slice(0, at).filter((token) => token !== vocabSize - 2)[seen.length - at - 2];
  },
  'string-copy': (seen, {vocabSize}) => seen[seen.length - seen.indexOf(vocabSize - 1)],
  sorting: (seen, {numTokens}) => seen.slice(0, numTokens).sort((a, b) => a - b)[seen.length - numTokens - 1],
  parity: (seen) => seen.reduce((sum, bit) => sum + bit, 0) % 2,
  'permutation-product': (seen, {groupDegree}) => {
    const all = permutations(Array.from({length: groupDegree}, (_, i) => i));
    const end = all[0].map((start) => seen.reduce((state, token) => all[token][state], start));
    return all.findIndex((permutation) => permutation.join() === end.join());
  },
  listops: (seen) => evaluate(seen.filter((token) => token !== 15)),
};

function forAll(name: TaskName, law: (example: TaskExample, config: Config, seed: number) => void) {
  const task = tasks[name] as Task;
  fc.assert(
    fc.property(configs[name], starts, (config, start) => {
      law(task.example({...start, config}), task.resolve(config as TaskConfig) as Config, start.seed);
    }),
    {numRuns: 60},
  );
}

describe('scored tokens follow from the inputs up to them', () => {
  test.each(Object.entries(solvers))('%s', (name, solve) => {
    forAll(name as TaskName, ({inputs, targets}, config) => {
      const scored = [...targets.keys()].filter((t) => targets[t] !== ignoreIndex);
      expect(scored.map((t) => solve(inputs.slice(0, t + 1), config))).toEqual(scored.map((t) => targets[t]));
    });
  });
});

const numScored = ({targets}: TaskExample) => targets.filter((target) => target !== ignoreIndex).length;

describe('mqar', () => {
  test('asks for every key once, at even distances behind the context', () => {
    forAll('mqar', ({inputs, targets}, {numPairs, numPasses, numUpdates}) => {
      const context = 2 * numPairs * numPasses + 2 * numUpdates;
      const asked = [...targets.keys()].filter((t) => targets[t] !== ignoreIndex);
      expect(asked.every((t) => t >= context && (t - context) % 2 === 0)).toBe(true);
      expect(new Set(asked.map((t) => inputs[t]))).toEqual(
        new Set(inputs.slice(0, 2 * numPairs).filter((_, i) => i % 2 === 0)),
      );
      expect(asked).toHaveLength(numPairs);
    });
  });

  test('an update changes the answer', () => {
    const config = {numPairs: 4, numUpdates: 4};
    const {inputs} = tasks.mqar.example({seed: 1, split: 'train', index: 0, config});
    for (let i = 8; i < 16; i += 2) expect(inputs[i + 1]).not.toBe(lookUp(inputs.slice(0, 8), inputs[i]));
  });
});

describe('fuzzy-recall', () => {
  test('every scored run stood before, behind the same key tokens', () => {
    forAll('fuzzy-recall', ({inputs, trainTargets = [], targets}, {vocabSize}) => {
      const isKey = (token: number) => token < half(vocabSize - 1);
      const sequence = [inputs[0], ...trainTargets];
      const last = sequence.length - 1;
      let start = last;
      while (!isKey(sequence[start])) start--;
      const answer = sequence.slice(start + 1);
      expect(targets.slice(start)).toEqual(answer);
      while (start > 0 && isKey(sequence[start - 1])) start--;
      expect(` ${sequence.slice(0, start).join(' ')} `).toContain(` ${sequence.slice(start).join(' ')} `);
    });
  });

  test('without training every key has the greatest length', () => {
    const config = {training: false, sequenceLength: 40};
    const {inputs} = tasks['fuzzy-recall'].example({seed: 3, split: 'test', index: 0, config});
    const runs =
      inputs
        .map((token) => (token < 7 ? 'k' : 'v'))
        .join('')
        .match(/k+/g) ?? [];
    expect(runs.every((run) => run.length === 3)).toBe(true);
  });
});

describe('memorization', () => {
  test('a seed has one fact for each key, in every split', () => {
    forAll('memorization', ({inputs, targets}, config, seed) => {
      const facts = new Map<number, number>();
      const other = tasks.memorization.example({seed, split: 'validation', index: 9, config});
      const both = {inputs: [...inputs, ...other.inputs], targets: [...targets, ...other.targets]};
      for (let t = 0; t < both.inputs.length; t += 2) {
        const [key, fact] = [both.inputs[t], both.targets[t + 1]];
        expect(facts.get(key) ?? fact).toBe(fact);
        facts.set(key, fact);
      }
      expect(new Set(facts.values()).size).toBe(facts.size);
    });
  });
});

test('compression asks for all of its inputs', () => {
  forAll('compression', ({inputs, targets}, {vocabSize, sequenceLength}) => {
    expect(targets).toEqual(inputs);
    expect(inputs.indexOf(vocabSize - 1)).toBe(sequenceLength - 1);
  });
});

test('needle stands at its depth', () => {
  const placeAt = (depth: number) => {
    const config = {sequenceLength: 113, depth};
    return tasks.needle.example({seed: 1, split: 'test', index: 0, config}).inputs.indexOf(62);
  };
  expect([0, 0.25, 1].map(placeAt)).toEqual([0, 25, 100]);
});

test('passkey fills the length with whole lines and one note', () => {
  forAll('passkey', ({inputs}, {sequenceLength}) => {
    const text = String.fromCharCode(...inputs);
    expect(inputs).toHaveLength(sequenceLength);
    expect(text.match(/^note: the secret number is \d+\.$/gm)).toHaveLength(1);
    expect(text).toMatch(/(^|\n)question: what is the secret number\? answer: \d*$/);
  });
});

test('parity scores all positions, or the last alone', () => {
  forAll('parity', (example, {cumulative, sequenceLength}) => {
    expect(numScored(example)).toBe(cumulative ? sequenceLength : 1);
  });
});

test('selective copying spreads the data, copying does not', () => {
  const options = {seed: 1, split: 'train', index: 0} as const;
  const data = (selective: boolean) =>
    tasks.copying
      .example({...options, config: {numTokens: 4, lag: 40, selective}})
      .inputs.findLastIndex((token) => token > 0 && token < 15);
  expect(data(false)).toBe(3);
  expect(data(true)).toBeGreaterThan(3);
});

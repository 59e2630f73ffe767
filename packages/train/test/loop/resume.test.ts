import {mkdtempSync, readdirSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {CheckpointError, readSafetensors, saveCheckpoint, writeSafetensors} from '@variants/core';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it, vi} from 'vitest';
import {
  type BatchSource,
  orderedWindows,
  randomWindows,
  type TrainOptions,
  taskBatches,
  tasks,
  train,
} from '../../src/index';
import {tokens, training} from '../sources';
import {type TinyConfig, TinyModel, valuesOf} from '../tiny-model';

const config = {dropout: 0.3};
const steps = 8;
const options: TrainOptions = {steps, batchSize: 4, accumulate: 2, learningRate: 0.05, clipNorm: 0.5, seed: 3};

/** Keeps the states that a run saves. */
function keeper() {
  const states: Uint8Array[] = [];
  const saveTo = (state: Uint8Array) => {
    states.push(state);
  };
  return {states, saveTo, last: () => states[states.length - 1]};
}

/** Trains until `last` steps are done; gives the last state that was saved. */
async function trainUntil(model: TinyModel, last: number, more: TrainOptions = {}): Promise<Uint8Array> {
  const kept = keeper();
  const run = train(model, training, {...options, saveTo: kept.saveTo, ...more});
  for await (const step of run) if (step.number === last) break;
  return kept.last();
}

/** What `body` gives for a new model. */
async function withNew<T>(body: (model: TinyModel) => Promise<T>, given: Partial<TinyConfig> = config): Promise<T> {
  const model = new TinyModel(given);
  try {
    return await body(model);
  } finally {
    model.dispose();
  }
}

const weightsAfter = (body: (model: TinyModel) => Promise<unknown>) =>
  withNew(async (model) => {
    await body(model);
    return valuesOf(model);
  });

const descriptionOf = (state: Uint8Array) => JSON.parse(readSafetensors(state).metadata.training);

describe('a run that is interrupted and resumed', () => {
  let whole: number[];
  let wholeState: Uint8Array;
  beforeAll(async () => {
    whole = await weightsAfter(async (model) => {
      wholeState = await trainUntil(model, steps);
    });
  });

  const resumed = (state: Uint8Array, more: TrainOptions = {}) =>
    weightsAfter((model) => {
      // The weights that the model had before must not matter.
      tf.tidy(() => {
        for (const weight of model.weights) weight.write(tf.onesLike(weight.read()));
      });
      return trainUntil(model, Infinity, {resumeFrom: state, ...more});
    });

  it('has the same weights, bit for bit, wherever it was left', async () => {
    const leaves = fc.uniqueArray(fc.integer({min: 1, max: steps - 1}), {minLength: 1, maxLength: 3});
    await fc.assert(
      fc.asyncProperty(leaves, async (unordered) => {
        const [first, ...others] = unordered.sort((a, b) => a - b);
        let state = await withNew((model) => trainUntil(model, first));
        for (const last of others) state = await withNew((model) => trainUntil(model, last, {resumeFrom: state}));
        expect(await resumed(state)).toEqual(whole);
      }),
      {numRuns: 10},
    );
  });

  it('has the same state at the end, but for the time that it took', async () => {
    const state = await withNew((model) => trainUntil(model, 1));
    const after = await withNew((model) => trainUntil(model, steps, {resumeFrom: state}));
    expect(readSafetensors(after).tensors).toEqual(readSafetensors(wholeState).tensors);
    expect({...descriptionOf(after), seconds: 0}).toEqual({...descriptionOf(wholeState), seconds: 0});
  });

  it('has the same weights when it was aborted within a step', async () => {
    const controller = new AbortController();
    const source: BatchSource = {
      ...training,
      batch(step, ...rest) {
        if (step === 7) controller.abort();
        return training.batch(step, ...rest);
      },
    };
    const {saveTo, last} = keeper();
    await withNew(async (model) => {
      const run = async () => {
        for await (const _ of train(model, source, {...options, saveTo, signal: controller.signal}));
      };
      await expect(run()).rejects.toThrow(/abort/i);
    });
    expect(descriptionOf(last()).step).toBe(3);
    expect(await resumed(last())).toEqual(whole);
  });

  it('has the same weights from a state that was saved on the way', async () => {
    const {states, saveTo} = keeper();
    await withNew((model) => trainUntil(model, 5, {saveEvery: 2, saveTo}));
    expect(states.map((state) => descriptionOf(state).step)).toEqual([2, 4, 5]);
    expect(await resumed(states[0])).toEqual(whole);
  });

  it('is saved once where the loop is left after a saving, and not at all without a step', async () => {
    const {states, saveTo} = keeper();
    await withNew((model) => trainUntil(model, 2, {saveEvery: 2, saveTo}));
    expect(states).toHaveLength(1);
    await withNew((model) => trainUntil(model, 2, {steps: 2, resumeFrom: states[0], saveTo}));
    expect(states).toHaveLength(1);
  });

  it('is saved when the body of the loop throws, not when the training fails', async () => {
    const {states, saveTo} = keeper();
    const run = (more: TrainOptions) =>
      withNew(async (model) => {
        for await (const {number} of train(model, training, {...options, saveTo, ...more}))
          if (number === 3) throw new Error('in the body');
      });
    await expect(run({})).rejects.toThrow('in the body');
    expect(states.map((state) => descriptionOf(state).step)).toEqual([3]);
    await expect(run({schedule: () => 1e30})).rejects.toThrow('diverged');
    expect(states).toHaveLength(1);
  });

  it('goes on counting steps and seconds', async () => {
    const state = await withNew((model) => trainUntil(model, 1));
    await withNew(async (model) => {
      for await (const step of train(model, training, {...options, resumeFrom: state})) {
        expect(step.number).toBe(2);
        expect(step.seconds).toBeGreaterThan(descriptionOf(state).seconds);
        break;
      }
    });
  });

  it.each<TrainOptions>([{learningRate: 0.01}, {weightDecay: 0.5}, {clipNorm: 0.01}, {steps: 12}])(
    'may go on with %o, which holds from there on',
    async (more) => {
      const {last, saveTo} = keeper();
      const state = await withNew((model) => trainUntil(model, 1));
      expect(await resumed(state, {saveTo, ...more})).not.toEqual(whole);
      expect(descriptionOf(last()).step).toBe(more.steps ?? steps);
    },
  );

  it('may go on from data that cannot tell what they are', async () => {
    const {fingerprint: _, ...anonymous} = training;
    const {last, saveTo} = keeper();
    const run = (until: number, more: TrainOptions) =>
      weightsAfter(async (model) => {
        for await (const {number} of train(model, anonymous, {...options, ...more})) if (number === until) break;
      });
    await run(3, {saveTo});
    expect(await run(steps, {resumeFrom: last()})).toEqual(whole);
  });
});

describe('a state in a directory', () => {
  const directory = mkdtempSync(join(tmpdir(), 'variants-train-'));
  afterAll(() => rmSync(directory, {recursive: true}));
  const file = 'training-state.safetensors';

  it('is a file beside a checkpoint, from which a run goes on', async () => {
    const saveTo = join(directory, 'run', '1');
    const whole = await weightsAfter((model) => trainUntil(model, steps));
    await withNew((model) => trainUntil(model, 3, {saveTo, saveEvery: 1}));
    expect(readdirSync(saveTo).sort()).toEqual(['config.json', 'model.safetensors', file]);
    expect(await weightsAfter((model) => trainUntil(model, steps, {resumeFrom: saveTo}))).toEqual(whole);
    const blob = new File([readFileSync(join(saveTo, file))], 'dropped');
    expect(await weightsAfter((model) => trainUntil(model, steps, {resumeFrom: blob}))).toEqual(whole);
  });

  it('that is not there gets an error with the path', () =>
    withNew(async (model) => {
      const missing = join(directory, 'nowhere');
      const attempt = trainUntil(model, 1, {resumeFrom: missing});
      await expect(attempt).rejects.toThrow(CheckpointError);
      await expect(attempt).rejects.toThrow(`${missing}/${file}: cannot be read`);
    }));

  it('that cannot be written gets an error before the first step', () =>
    withNew(async (model) => {
      const before = valuesOf(model);
      await expect(trainUntil(model, 1, {saveTo: '/dev/null/run'})).rejects.toThrow('/dev/null/run: cannot be written');
      expect(valuesOf(model)).toEqual(before);
    }));

  it('in which somebody else keeps a model gets an error before it is lost', () =>
    withNew(async (model) => {
      const others = join(directory, 'pretrained');
      await saveCheckpoint(model, others);
      const files = readdirSync(others);
      await expect(trainUntil(model, 1, {saveTo: others})).rejects.toThrow(
        `${others}: holds a model that no training saved; give saveTo another directory`,
      );
      expect(readdirSync(others)).toEqual(files);
    }));

  it('is gone on from with resume, where there is one', async () => {
    const saveTo = join(directory, 'again');
    const numbers: number[] = [];
    const run = (last: number) =>
      weightsAfter(async (model) => {
        for await (const {number} of train(model, training, {...options, saveTo, resume: true})) {
          numbers.push(number);
          if (number === last) break;
        }
      });
    await run(3);
    const after = await run(steps);
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(after).toEqual(await weightsAfter((model) => trainUntil(model, steps)));
    await run(steps);
    expect(numbers).toHaveLength(8);
  });

  it('goes on in a model that was made of its checkpoint, whose first seed nobody knows', async () => {
    const saveTo = join(directory, 'seeded');
    await withNew((model) => trainUntil(model, 3, {saveTo}), {...config, seed: 5});
    const whole = await weightsAfter((model) => trainUntil(model, steps, {resumeFrom: saveTo}));
    expect(whole.every(Number.isFinite)).toBe(true);
  });
});

describe('a run that is told no place in time to save', () => {
  /** The steps that are saved of 40 that take 4 seconds each, where a saving takes `seconds`. */
  async function savedSteps(seconds: number, more: TrainOptions = {}): Promise<number[]> {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const saved: number[] = [];
    const source: BatchSource = {
      ...training,
      batch(...place) {
        now += 4000;
        return training.batch(...place);
      },
    };
    const saveTo = (state: Uint8Array) => {
      saved.push(descriptionOf(state).step);
      now += 1000 * seconds;
    };
    try {
      await withNew(async (model) => {
        for await (const _ of train(model, source, {...options, steps: 40, accumulate: 1, saveTo, ...more}));
      });
    } finally {
      vi.restoreAllMocks();
    }
    return saved;
  }

  it('saves every ten seconds', async () => {
    const saved = await savedSteps(0.1);
    expect(saved.slice(0, 4)).toEqual([3, 6, 9, 12]);
    expect(saved.at(-1)).toBe(40);
  });

  it('saves so seldom that it takes 5 % of the time', async () => {
    // 4 seconds of saving for 76 of training.
    expect(await savedSteps(4)).toEqual([3, 22, 40]);
  });

  it('saves at the end alone where it shall not save before', async () => {
    expect(await savedSteps(0.1, {saveEvery: Infinity})).toEqual([40]);
  });
});

describe('a state that does not fit', () => {
  let state: Uint8Array;
  beforeAll(async () => {
    state = await withNew((model) => trainUntil(model, 1));
  });

  /** Resumes a run that must fail; gives the message. */
  const failure = (
    bytes: Uint8Array,
    given: Partial<TinyConfig>,
    more: TrainOptions = {},
    source: BatchSource = training,
  ) =>
    withNew(async (model) => {
      const before = valuesOf(model);
      const run = async () => {
        for await (const _ of train(model, source, {...options, resumeFrom: bytes, ...more}));
      };
      const error = await run().catch((thrown) => thrown);
      expect(error).toBeInstanceOf(CheckpointError);
      expect(error.message).not.toMatch(/[\n\r]/);
      expect(valuesOf(model)).toEqual(before);
      return error.message;
    }, given);

  it.each<[Partial<TinyConfig>, TrainOptions, string]>([
    [{hiddenSize: 8}, {}, 'was saved by a TrainTestModel with hiddenSize 4, but the model has hiddenSize 8'],
    [{numLayers: 3}, {}, 'with numLayers 2, but the model has numLayers 3'],
    [
      {},
      {seed: 4},
      'was saved by a training with seed 3, but this one has seed 4; a resumed run must see the same batches with the same dropout',
    ],
    [{}, {batchSize: 8}, 'with batchSize 4, but this one has batchSize 8'],
    [{}, {accumulate: 4}, 'with accumulate 2, but this one has accumulate 4'],
    [
      {},
      {betas: [0.9, 0.99]},
      'with betas [0.9,0.95], but this one has betas [0.9,0.99]; the saved moments are means that were taken with those',
    ],
  ])('because of %o %o', async (given, more, message) => {
    expect(await failure(state, {...config, ...given}, more)).toContain(message);
  });

  it('because the data is other data', async () => {
    const longer = randomWindows(tokens, {sequenceLength: 6, vocabSize: 7});
    expect(await failure(state, config, {}, longer)).toContain(
      'with tokensPerExample 4, but this one has tokensPerExample 6',
    );
    const ordered = orderedWindows(tokens, {sequenceLength: 4, vocabSize: 7});
    expect(await failure(state, config, {}, ordered)).toContain(
      'with numExamples "without end", but this one has numExamples 14',
    );
  });

  it('because the data is another text of the same size', async () => {
    const other = randomWindows(tokens.toReversed(), {sequenceLength: 4, vocabSize: 7});
    expect(await failure(state, config, {}, other)).toMatch(
      /with data "60 tokens, FNV-1a \w{8}", but this one has data "60 tokens, FNV-1a \w{8}"; a resumed run must see the same/,
    );
    const {fingerprint: _, ...without} = training;
    expect(await failure(state, config, {}, without)).toContain('but this one has data missing');
  });

  it('because the task has other examples of the same size', async () => {
    const batches = (numExamples: number) =>
      taskBatches(tasks['associative-recall'], {config: {vocabSize: 6, numPairs: 2}, numExamples});
    const {saveTo, last} = keeper();
    await withNew(async (model) => {
      for await (const _ of train(model, batches(6), {...options, saveTo})) break;
    });
    expect(await failure(last(), config, {}, batches(9))).toMatch(
      /with data "associative-recall, .*numExamples 6.*", but this one has data "associative-recall, .*numExamples 9/,
    );
  });

  type Contents = ReturnType<typeof readSafetensors>;
  const changed = (change: (contents: Contents) => Partial<Contents>) => {
    const contents = readSafetensors(state);
    const {tensors, metadata} = {...contents, ...change(contents)};
    return writeSafetensors(tensors, metadata);
  };
  const described = (change: (description: string) => string) =>
    changed(({metadata}) => ({metadata: {training: change(metadata.training)}}));
  const table = 'embedding/table';
  it.each<[string, () => Uint8Array, string]>([
    ['is empty', () => new Uint8Array(), 'training state: has 0 bytes'],
    ['is cut off', () => state.subarray(0, state.length - 4), 'training state: '],
    ['has no description', () => changed(() => ({metadata: {}})), 'is no training state; give what train saved'],
    ['has no JSON', () => described(() => '{'), 'metadata entry training is damaged'],
    ['has null', () => described(() => 'null'), 'metadata entry training is damaged'],
    ['has no step', () => described((text) => text.replace('"step":1', '"step":-1')), 'entry training is damaged'],
    [
      'is of another architecture',
      () => described((text) => text.replace('TrainTestModel', 'RetNet')),
      'is the training of a RetNet, but the model is a TrainTestModel',
    ],
    [
      'lacks a moment',
      () => changed(({tensors: {[`second/${table}`]: _, ...tensors}}) => ({tensors})),
      'tensor "second/embedding/table" is missing; it must be F32 [7, 4]',
    ],
    [
      'has a weight too many',
      () => changed(({tensors}) => ({tensors: {...tensors, extra: tensors[`weights/${table}`]}})),
      'tensor "extra" belongs to no weight of the model',
    ],
    [
      'has a weight of another shape',
      () =>
        changed(({tensors}) => ({
          tensors: {...tensors, [`first/${table}`]: {...tensors[`first/${table}`], shape: [28]}},
        })),
      'tensor "first/embedding/table" is F32 [28]; it must be F32 [7, 4]',
    ],
    [
      'has a weight of whole numbers',
      () =>
        changed(({tensors}) => ({
          tensors: {...tensors, [`first/${table}`]: {dtype: 'I32', shape: [7, 4], data: new Int32Array(28)}},
        })),
      'tensor "first/embedding/table" is I32 [7, 4]; it must be F32 [7, 4]',
    ],
  ])('because it %s', async (_, bytes, message) => {
    expect(await failure(bytes(), config)).toContain(message);
  });
});

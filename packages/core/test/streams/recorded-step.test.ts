import * as tf from '@tensorflow/tfjs';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import '../../src/engines/simd/register';
import type {SimdBackend} from '../../src/engines/simd/backend';
import {setThreads} from '../../src/engines/simd/register';
import {start as startEngine} from '../../src/start';
import {StepRecorder} from '../../src/streams/recorded-step';
import type {StateTree} from '../../src/streams/state-tree';
import {StreamState} from '../../src/streams/stream-state';

beforeAll(async () => {
  await setThreads(2);
  await tf.setBackend('simd');
});

afterAll(async () => {
  await setThreads(1);
  await tf.setBackend('cpu');
});

type Memory = {sum: tf.Tensor; count: tf.Tensor};

/** A step of every kind: a product, a lookup, a state that is replaced, one that is counted. */
const weights = () =>
  tf.tidy(() => ({
    table: tf.variable(tf.randomNormal([5, 40], 0, 1, 'float32', 1)),
    product: tf.variable(tf.randomNormal([40, 40], 0, 0.1, 'float32', 2)),
  }));

function stepOf({table, product}: ReturnType<typeof weights>) {
  let calls = 0;
  const step = (tokens: tf.Tensor, tree: StateTree) => {
    calls++;
    const {sum, count} = tree as Memory;
    const x = tf.gather(table as tf.Tensor, tokens.reshape([-1]) as tf.Tensor1D);
    const next = tf.matMul(x.add(sum.mul(0.5)).tanh() as tf.Tensor2D, product as unknown as tf.Tensor2D);
    return {output: next.mul(count.toFloat()), state: {sum: next, count: count.add(tf.scalar(1, 'int32'))}};
  };
  return {step, calls: () => calls};
}

const start = () => new StreamState({sum: tf.zeros([1, 40]), count: tf.scalar(1, 'int32')});

describe('StepRecorder', () => {
  function setUp() {
    const w = weights();
    const {step, calls} = stepOf(w);
    const recorder = new StepRecorder(() => [w.table, w.product]);
    const one = {name: 'test', time: 1};
    /** What tokens give, recorded or computed each time. */
    const feed = (token: number, state: StreamState, isRecorded = true) => {
      const tokens = tf.tensor2d([[token]], [1, 1], 'int32');
      try {
        const {output, state: next} = StreamState.advance(state, one, (tree) =>
          isRecorded ? recorder.advance(tokens, tree, '', step) : step(tokens, tree),
        );
        const values = [...output.dataSync()];
        output.dispose();
        return {values, state: next};
      } finally {
        tokens.dispose();
      }
    };
    const run = (tokens: number[], state: StreamState, isRecorded = true) => {
      const all = tokens.map((token) => {
        const result = feed(token, state, isRecorded);
        state = result.state;
        return result.values;
      });
      return {all, state};
    };
    const end = (...states: StreamState[]) => {
      for (const state of states) state.dispose();
      recorder.dispose();
      w.table.dispose();
      w.product.dispose();
    };
    return {w, recorder, run, feed, calls, end};
  }

  const tokens = [0, 1, 2, 3, 4, 0, 3, 2];

  it('gives bit by bit what the steps give, and computes but the first two of them', () => {
    const {run, calls, end} = setUp();
    const plain = run(tokens, start(), false);
    const before = calls();
    const recorded = run(tokens, start());
    expect(recorded.all).toEqual(plain.all);
    expect(calls() - before).toBe(2);
    expect((recorded.state.tree as Memory).count.dataSync()[0]).toBe(1 + tokens.length);
    end(plain.state, recorded.state);
  });

  it('keeps several streams apart, clones and what somebody still looks at', async () => {
    const {run, feed, end} = setUp();
    const wanted = run(tokens, start(), false);
    let [a, b] = [run(tokens.slice(0, 3), start()).state, run(tokens.slice(0, 3), start()).state];
    const kept = a.clone();
    for (const token of tokens.slice(3, 6)) {
      a = feed(token, a).state;
      b = feed(token, b).state;
    }
    const branch = a.clone();
    const ends = [a, b, branch].map((state) => run(tokens.slice(6), state));
    for (const {all} of ends) expect(all).toEqual(wanted.all.slice(6));
    const late = run(tokens.slice(3), kept);
    expect(late.all).toEqual(wanted.all.slice(3));
    const again = StreamState.fromBytes(await late.state.toBytes());
    const [next, nextAgain] = [feed(1, late.state), feed(1, again)];
    expect(nextAgain.values).toEqual(next.values);
    end(wanted.state, next.state, nextAgain.state, ...ends.map(({state}) => state));
  });

  it('sees weights that are set', () => {
    const {w, run, feed, end} = setUp();
    const {state} = run(tokens, start());
    const copy = state.clone();
    const held = w.product.clone();
    tf.tidy(() => w.product.assign(w.product.mul(2)));
    const [recorded, plain] = [feed(1, state), feed(1, copy, false)];
    expect(recorded.values).toEqual(plain.values);
    held.dispose();
    end(recorded.state, plain.state);
  });

  it('sees what was on another engine meanwhile: a state, weights, all, or none of it', async () => {
    const {w, run, feed, calls, end} = setUp();
    const wanted = run([...tokens, 1, 2, 3], start(), false);
    const visitors: {[what: string]: (state: StreamState) => tf.Tensor[]} = {
      'a state': ({tree}) => Object.values(tree as Memory),
      'a weight': () => [w.product],
      all: ({tree}) => [...Object.values(tree as Memory), w.product, w.table],
      nothing: () => [],
    };
    for (const [what, visiting] of Object.entries(visitors)) {
      let {state} = run(tokens, start());
      for (const [i, token] of [1, 2, 3].entries()) {
        await tf.setBackend('cpu');
        tf.tidy(() => {
          for (const tensor of visiting(state)) tensor.add(1);
        });
        await tf.setBackend('simd');
        // What takes the memory that was freed must not be seen.
        const other = tf.fill([40, 40], 7);
        const result = feed(token, state);
        expect(result.values, `${what}, step ${i}`).toEqual(wanted.all[tokens.length + i]);
        state = result.state;
        other.dispose();
      }
      if (what !== 'nothing') expect(calls()).toBeGreaterThan(0);
      state.dispose();
    }
    end(wanted.state);
  });

  it('goes on on an engine that was removed and started anew', async () => {
    const {run, feed, end} = setUp();
    const plain = run([...tokens, 1], start(), false);
    let {state} = run(tokens, start());
    const old = tf.backend();
    tf.removeBackend('simd');
    await startEngine({engine: 'simd', threads: 2});
    expect(tf.backend()).not.toBe(old);
    const next = feed(1, state);
    expect(next.values).toEqual(plain.all[tokens.length]);
    state = next.state;
    end(plain.state, state);
  });

  it('leaves the state usable when a step throws', () => {
    const {run, feed, end} = setUp();
    const {state} = run(tokens, start());
    expect(() => feed(7, state)).toThrow('GatherV2: the index value 7 is not in [0, 4]');
    const copy = state.clone();
    const [recorded, plain] = [feed(1, state), feed(1, copy, false)];
    expect(recorded.values).toEqual(plain.values);
    end(recorded.state, plain.state);
  });

  it('leaves as much memory in use as before', () => {
    const {memoryBlocks} = tf.backend() as SimdBackend;
    const turn = () => {
      const {run, end} = setUp();
      const {state} = run(tokens, start());
      const copy = state.clone();
      end(run(tokens, state).state, run(tokens, copy).state);
    };
    turn();
    const before = {...tf.memory(), used: memoryBlocks.usedBytes};
    turn();
    expect({...tf.memory(), used: memoryBlocks.usedBytes}).toEqual(before);
  });

  it('computes each time what looks at values or changes its shapes', () => {
    const recorder = new StepRecorder(() => []);
    const input = tf.scalar(1);
    const steps: {[name: string]: (x: tf.Tensor, tree: StateTree) => {output: tf.Tensor; state: StateTree}} = {
      'looks at a value': (x, tree) => {
        const {s} = tree as {s: tf.Tensor};
        return {output: x.mul(2), state: {s: tf.scalar(s.dataSync()[0] + 1)}};
      },
      'swaps its parts': (x, tree) => {
        const {s, t} = tree as {s: tf.Tensor; t: tf.Tensor};
        return {output: x.add(s), state: {s: t ?? s.add(1), t: s}};
      },
      grows: (x, tree) => {
        const {s} = tree as {s: tf.Tensor};
        return {output: x.mul(2), state: {s: tf.concat([s.reshape([-1]), x.reshape([1])])}};
      },
      'has numbers': (x, tree) => {
        const {n, s} = tree as {n: number; s: tf.Tensor};
        return {output: x.mul(n ?? 0), state: {n: (n ?? 0) + 1, s: s.add(1)}};
      },
    };
    const run = (step: (typeof steps)[string], isRecorded: boolean) => {
      let state = new StreamState({s: tf.scalar(1)});
      const outputs: number[][] = [];
      for (let i = 0; i < 6; i++) {
        const result = StreamState.advance(state, {name: 'test', time: 1}, (tree) =>
          isRecorded ? recorder.advance(input, tree, '', step) : step(input, tree as StateTree),
        );
        outputs.push([...result.output.dataSync()]);
        result.output.dispose();
        state = result.state;
      }
      outputs.push([...(state.tree as {s: tf.Tensor}).s.dataSync()]);
      state.dispose();
      recorder.dispose();
      return outputs;
    };
    for (const [name, step] of Object.entries(steps)) expect(run(step, true), name).toEqual(run(step, false));
    input.dispose();
  });

  describe('of steps of several kinds', () => {
    /** Every third step folds the sum, any other adds to it; a part of the state is left as it is by some. */
    const kindOf = (fed: number) => (fed % 3 === 0 ? 'fold' : 'add');

    function setUpKinds(hopeless = '') {
      const recorder = new StepRecorder(() => []);
      const calls: string[] = [];
      const step =
        (kind: string) =>
        (x: tf.Tensor, tree: StateTree): {output: tf.Tensor; state: StateTree} => {
          calls.push(kind);
          const {sum, folds} = tree as {sum: tf.Tensor; folds: tf.Tensor};
          if (kind === hopeless) sum.dataSync();
          const next = sum.mul(0.5).add(x);
          if (kind === 'add') return {output: next.add(folds), state: {sum: next, folds}};
          return {output: next.mul(2), state: {sum: tf.zerosLike(sum), folds: folds.add(next.square())}};
        };
      const feed = (value: number, state: StreamState, isRecorded = true) => {
        const x = tf.fill([3], value);
        const result = StreamState.advance(state, {name: 'test', time: 1}, (tree, _, fed) => {
          const own = step(kindOf(fed));
          return isRecorded ? recorder.advance(x, tree, '', own, kindOf(fed)) : own(x, tree);
        });
        const values = [...result.output.dataSync()];
        tf.dispose([x, result.output]);
        return {values, state: result.state};
      };
      const run = (count: number, state: StreamState, isRecorded = true) => {
        const all: number[][] = [];
        for (let i = 0; i < count; i++) {
          const result = feed(Math.sin(state.length), state, isRecorded);
          all.push(result.values);
          state = result.state;
        }
        return {all, state};
      };
      return {recorder, calls, run};
    }
    const startKinds = () => new StreamState({sum: tf.zeros([3]), folds: tf.ones([3])});
    const ofState = ({tree}: StreamState) =>
      Object.values(tree as {[name: string]: tf.Tensor}).map((t) => [...t.dataSync()]);

    it('records each kind once, and gives bit by bit what the steps give', () => {
      const {recorder, calls, run} = setUpKinds();
      const plain = run(12, startKinds(), false);
      calls.length = 0;
      const recorded = run(12, startKinds());
      expect(recorded.all).toEqual(plain.all);
      expect(ofState(recorded.state)).toEqual(ofState(plain.state));
      // The first of all is computed before there are two of its shapes.
      expect(calls).toEqual(['fold', 'add', 'fold']);
      for (const {state} of [plain, recorded]) state.dispose();
      recorder.dispose();
    });

    it('keeps streams apart that are at different kinds, and copies of states', () => {
      const {recorder, run} = setUpKinds();
      const wanted = run(12, startKinds(), false);
      const [a, b] = [run(4, startKinds()), run(6, startKinds())];
      const kept = a.state.clone();
      const ends = [run(8, a.state), run(6, b.state), run(8, kept)];
      for (const [i, {all, state}] of ends.entries()) {
        expect(all, `stream ${i}`).toEqual(wanted.all.slice(12 - all.length));
        expect(ofState(state)).toEqual(ofState(wanted.state));
      }
      for (const {state} of [wanted, ...ends]) state.dispose();
      recorder.dispose();
    });

    it.each(['add', 'fold'])(
      'computes the kind %s each time when it looks at values, and still records the other',
      (hopeless) => {
        const {recorder, calls, run} = setUpKinds(hopeless);
        const plain = run(12, startKinds(), false);
        calls.length = 0;
        const recorded = run(12, startKinds());
        expect(recorded.all).toEqual(plain.all);
        const other = hopeless === 'add' ? 'fold' : 'add';
        expect(calls.filter((kind) => kind === other).length).toBeLessThanOrEqual(2);
        for (const {state} of [plain, recorded]) state.dispose();
        recorder.dispose();
      },
    );

    it('leaves as much memory in use as before', () => {
      const {memoryBlocks} = tf.backend() as SimdBackend;
      for (const hopeless of ['', 'add', 'fold']) {
        const turn = () => {
          const {recorder, run} = setUpKinds(hopeless);
          const {state} = run(7, startKinds());
          const copy = state.clone();
          for (const end of [run(3, state), run(4, copy)]) end.state.dispose();
          recorder.dispose();
        };
        turn();
        const before = {...tf.memory(), used: memoryBlocks.usedBytes};
        turn();
        expect({...tf.memory(), used: memoryBlocks.usedBytes}).toEqual(before);
      }
    });
  });
});

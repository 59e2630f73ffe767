import {describe, expect, it} from 'vitest';
import type {Reply} from '../../src/engine/peers/protocol';
import {type Contestant, sampleInTurns} from '../../src/engine/sampling';
import type {Task} from '../../src/engine/tasks/task';

const task: Task = {operation: 'exp', shape: [4]};

/** Says that a call takes so long, and takes no time. */
class Pretender implements Contestant {
  readonly lingers = false;
  timed: {calls: number; untimed: number}[] = [];

  constructor(
    readonly label: string,
    private readonly milliseconds: number,
    private readonly log: string[] = [],
    private readonly prepared: Reply = {result: [1, 2]},
  ) {}

  async prepare(): Promise<Reply> {
    return this.prepared;
  }

  async time(calls: number, untimed: number): Promise<Reply> {
    // The warm-up asks until some time has gone by.
    if (this.timed.length < 20) await new Promise((resolve) => setTimeout(resolve, 10));
    this.timed.push({calls, untimed});
    this.log.push(this.label);
    return {milliseconds: calls * this.milliseconds};
  }
}

const run = (contestants: Contestant[], settings = {samples: 4, seconds: 3}, signal = new AbortController().signal) =>
  sampleInTurns(contestants, task, settings, () => {}, signal);

describe('sampleInTurns', () => {
  it('warms everybody up by ten calls or more, then takes samples in turns', async () => {
    const log: string[] = [];
    const contestants = [new Pretender('a', 1, log), new Pretender('b', 2, log), new Pretender('c', 4, log)];
    const outcomes = await run(contestants);
    expect(outcomes).toEqual([1, 2, 4].map((t) => ({milliseconds: [t, t, t, t], result: [1, 2]})));
    expect(log.slice(-12).join('')).toBe('abcbcacababc');
    for (const {timed} of contestants) {
      const warmUp = timed.slice(0, -4).reduce((sum, {calls}) => sum + calls, 0);
      expect(warmUp).toBeGreaterThanOrEqual(10);
    }
  });

  it('takes so many calls for a sample that a clock can time them', async () => {
    const quick = new Pretender('quick', 0.01);
    const slow = new Pretender('slow', 70);
    await run([quick, slow]);
    expect(quick.timed.at(-1)).toEqual({calls: 2000, untimed: 1});
    expect(slow.timed.at(-1)).toEqual({calls: 1, untimed: 0});
  });

  it('takes fewer samples of the slow, and one of the very slow', async () => {
    const slow = new Pretender('slow', 100);
    const snail = new Pretender('snail', 5000);
    const [first, second] = await run([slow, snail], {samples: 10, seconds: 0.3});
    expect(first).toEqual({milliseconds: [100, 100, 100], result: [1, 2]});
    expect(second).toEqual({milliseconds: [5000], result: [1, 2]});
    expect(snail.timed).toHaveLength(1);
  });

  it('goes on without those that cannot', async () => {
    const cannot = new Pretender('cannot', 1, [], {none: true});
    const fails = new Pretender('fails', 1, [], {error: 'out of memory'});
    const outcomes = await run([cannot, new Pretender('can', 1), fails]);
    expect(outcomes).toEqual([{none: true}, {milliseconds: [1, 1, 1, 1], result: [1, 2]}, {error: 'out of memory'}]);
  });

  it('drops one that fails in the middle', async () => {
    const contestant = new Pretender('breaks', 1);
    const {time} = contestant;
    let calls = 0;
    contestant.time = (n, untimed) =>
      untimed > 0 && ++calls > 2 ? Promise.resolve({error: 'died'}) : time.call(contestant, n, untimed);
    expect(await run([contestant])).toEqual([{error: 'died'}]);
    expect(calls).toBe(3);
  });

  it('stops at once when it is told to', async () => {
    const controller = new AbortController();
    const contestant = new Pretender('a', 1);
    const {prepare} = contestant;
    contestant.prepare = () => {
      controller.abort();
      return prepare.call(contestant);
    };
    await expect(run([contestant, new Pretender('b', 1)], undefined, controller.signal)).rejects.toThrow('aborted');
  });
});

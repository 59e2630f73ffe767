import {describe, expect, it} from 'vitest';
import {nextTask} from '../src/event-loop';

describe('nextTask', () => {
  it('comes after what is already to be done, and lets timers run', async () => {
    const order: string[] = [];
    const task = nextTask().then(() => order.push('task'));
    await Promise.resolve().then(() => order.push('promise'));
    order.push('code');
    await task;
    expect(order).toEqual(['promise', 'code', 'task']);
    let fired = false;
    setTimeout(() => {
      fired = true;
    });
    const end = Date.now() + 5_000;
    while (!fired && Date.now() < end) await nextTask();
    expect(fired).toBe(true);
  });
});

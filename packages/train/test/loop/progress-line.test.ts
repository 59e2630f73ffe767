import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {type ProgressStream, type TrainingStep, train} from '../../src/index';
import {ProgressLine, progressText} from '../../src/loop/progress-line';
import {training, validation} from '../sources';
import {withTiny} from '../tiny-model';

const step = (number: number, more: Partial<TrainingStep> = {}): TrainingStep => ({
  number,
  loss: 1.23456,
  learningRate: 0.1,
  gradientNorm: 1,
  tokens: 8,
  unit: 'tokens',
  tokensPerSecond: 12345,
  seconds: number / 10,
  ...more,
});

function stream(more: Partial<ProgressStream> = {}): ProgressStream & {written: string[]} {
  const written: string[] = [];
  return {written, write: (text: string) => written.push(text), ...more};
}

describe('progressText', () => {
  const endless = {steps: Infinity, seconds: Infinity};

  it('shows steps and the time that is left', () => {
    const text = progressText(step(600), {...endless, steps: 2400}, undefined);
    expect(text).toBe('█████░░░░░░░░░░░░░░░  25%  step 600/2400  loss 1.235  12k tokens/s  3:00 left');
  });

  it('shows validation, in bits per byte where there are bytes', () => {
    const result = {loss: 2, accuracy: NaN, errorRate: NaN, tokens: 1, convention: 'window'} as const;
    const budget = {...endless, steps: 2};
    expect(progressText(step(1), budget, {...result, bitsPerByte: 2.9, bytes: 1})).toContain(
      'validation 2.900 bits/byte',
    );
    const noText = {...result, bitsPerByte: NaN, bytes: NaN};
    expect(progressText(step(1), budget, noText)).toContain('validation 2.000  ');
    expect(progressText(step(1), budget, {...noText, accuracy: 0.5})).toContain('validation 50.0% right  ');
    expect(progressText(step(1), budget, {...noText, errorRate: 1.2})).toContain('validation 120.0% errors  ');
  });

  it('goes by the budget that is over first', () => {
    expect(progressText(step(100), {steps: 1000, seconds: 20}, undefined)).toContain('50%');
    expect(progressText(step(100), {steps: 1000, seconds: 20}, undefined)).toContain('0:10 left');
    expect(progressText(step(100), {steps: 125, seconds: 20}, undefined)).toContain('80%');
  });

  it('has no bar where there is no end, and never more than all', () => {
    expect(progressText(step(36_000, {tokensPerSecond: 996}), endless, undefined)).toBe(
      'step 36000  loss 1.235  1.0k tokens/s  1:00:00',
    );
    expect(progressText(step(5, {seconds: 3}), {steps: Infinity, seconds: 2}, undefined)).toMatch(
      /^█{20} 100% .* 0:00 left$/,
    );
  });
});

describe('ProgressLine', () => {
  beforeEach(() => void vi.useFakeTimers({toFake: ['performance']}));
  afterEach(() => void vi.useRealTimers());

  const budget = {steps: 10, seconds: Infinity};

  it('draws over its line in a terminal, ten times a second at most, the last step always', () => {
    const out = stream({isTTY: true, columns: 200});
    const line = new ProgressLine(out, budget);
    line.show(step(1));
    line.show(step(2));
    vi.advanceTimersByTime(100);
    line.show(step(3));
    line.show(step(4));
    line.end();
    expect(out.written.map((text) => /step (\d+)/.exec(text)?.[1])).toEqual(['1', '3', '4', undefined]);
    for (const text of out.written.slice(0, 3)) {
      expect(text.startsWith('\r') && text.endsWith('\x1b[K')).toBe(true);
      expect(text).not.toContain('\n');
    }
    expect(out.written[3]).toBe('\n');
  });

  it('never fills the width of the terminal', () => {
    const out = stream({isTTY: true, columns: 30});
    new ProgressLine(out, budget).show(step(1));
    expect(out.written[0].replace('\x1b[K', '')).toHaveLength(1 + 29);
  });

  it('writes whole lines every few seconds elsewhere, and no step twice', () => {
    const out = stream();
    const line = new ProgressLine(out, budget);
    for (let number = 1; number <= 7; number++) {
      line.show(step(number));
      vi.advanceTimersByTime(2000);
    }
    line.end();
    line.end();
    expect(out.written.map((text) => /step (\d+)\/10.*\n$/.exec(text)?.[1])).toEqual(['1', '4', '7']);
  });

  it('remembers the last validation, and writes nothing where nothing happened', () => {
    const out = stream({isTTY: true, columns: 200});
    const line = new ProgressLine(out, budget);
    line.end();
    expect(out.written).toEqual([]);
    line.show(
      step(1, {
        validation: {loss: 2, bitsPerByte: 3, accuracy: NaN, errorRate: NaN, tokens: 1, bytes: 1, convention: 'window'},
      }),
    );
    vi.advanceTimersByTime(200);
    line.show(step(2));
    expect(out.written[1]).toContain('validation 3.000 bits/byte');
  });
});

describe('withProgress', () => {
  it('passes the steps on, and ends the line however the loop ends', () =>
    withTiny({}, async (model) => {
      const out = stream({isTTY: true, columns: 200});
      const numbers: number[] = [];
      const run = train(model, training, {steps: 9, batchSize: 1, validation, validateEvery: 1, validationTokens: 4});
      for await (const {number} of run.withProgress(out)) {
        numbers.push(number);
        if (number === 3) break;
      }
      expect(numbers).toEqual([1, 2, 3]);
      expect(out.written[0]).toContain('step 1/9');
      expect(out.written[0]).toContain('bits/byte');
      expect(out.written.slice(-2)[0]).toContain('step 3/9');
      expect(out.written[out.written.length - 1]).toBe('\n');
    }));

  it('writes to standard error, and nowhere where there is none', () =>
    withTiny({}, async (model) => {
      const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
      for await (const _ of train(model, training, {steps: 1, batchSize: 1}).withProgress());
      expect(write).toHaveBeenCalled();
      write.mockClear();
      vi.stubGlobal('process', undefined);
      for await (const _ of train(model, training, {steps: 1, batchSize: 1}).withProgress());
      vi.unstubAllGlobals();
      expect(write).not.toHaveBeenCalled();
      write.mockRestore();
    }));
});

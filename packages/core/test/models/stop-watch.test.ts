import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {StopWatch} from '../../src/models/stop-watch';

/** Feeds pieces to a watch as generation does: all that came out, and whether a stop ended it. */
function run(stops: string[], pieces: string[]): {out: string; stopped: boolean} {
  const watch = new StopWatch('', stops);
  let out = '';
  for (const piece of pieces) {
    const {ready, stopped} = watch.push(piece);
    out += ready;
    if (stopped) return {out, stopped};
  }
  return {out: out + watch.end(), stopped: false};
}

/** The definition: read character by character until what was read ends with a stop; the longest such is cut off. */
function definition(stops: string[], text: string): {out: string; stopped: boolean} {
  for (let end = 1; end <= text.length; end++) {
    const read = text.slice(0, end);
    const lengths = stops.filter((stop) => read.endsWith(stop)).map((stop) => stop.length);
    if (lengths.length > 0) return {out: read.slice(0, end - Math.max(...lengths)), stopped: true};
  }
  return {out: text, stopped: false};
}

const word = (maxLength: number) => fc.string({unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength});

describe('StopWatch', () => {
  it('lets out what the definition does, however the text is cut', () => {
    fc.assert(
      fc.property(fc.array(word(4), {maxLength: 3}), fc.array(word(3), {maxLength: 8}), (stops, pieces) => {
        expect(run(stops, pieces)).toEqual(definition(stops, pieces.join('')));
      }),
      {numRuns: 500},
    );
  });

  it('has let out, at any moment, no beginning of a stop and yet all that is no such beginning', () => {
    fc.assert(
      fc.property(fc.array(word(4), {minLength: 1, maxLength: 3}), word(12), (stops, text) => {
        const watch = new StopWatch('', stops);
        let out = '';
        let read = '';
        for (const character of text) {
          const {ready, stopped} = watch.push(character);
          if (stopped) return;
          out += ready;
          read += character;
          const ends = Array.from({length: read.length}, (_, i) => read.slice(i));
          const held = ends.find((end) => stops.some((stop) => stop.startsWith(end))) ?? '';
          expect(out).toBe(read.slice(0, read.length - held.length));
        }
      }),
    );
  });

  it('holds back a beginning and lets it go when it goes on differently', () => {
    const watch = new StopWatch<string>('', ['###']);
    expect(watch.push('a#')).toEqual({ready: 'a', stopped: false});
    expect(watch.push('#')).toEqual({ready: '', stopped: false});
    expect(watch.push('b#')).toEqual({ready: '##b', stopped: false});
    expect(watch.end()).toBe('#');
    expect(watch.end()).toBe('');
  });

  it('works on lists of token ids', () => {
    const watch = new StopWatch<readonly number[]>([], [[1, 2, 3], [9]]);
    expect(watch.push([1])).toEqual({ready: [], stopped: false});
    expect(watch.push([2])).toEqual({ready: [], stopped: false});
    expect(watch.push([1])).toEqual({ready: [1, 2], stopped: false});
    expect(watch.push([9])).toEqual({ready: [1], stopped: true});
    expect(watch.end()).toEqual([]);
  });
});

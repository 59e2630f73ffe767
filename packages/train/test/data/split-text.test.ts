import {ConfigError} from '@variants/core';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {readText} from '../../src/data/read-text';
import {splitText} from '../../src/data/split-text';

const chapter = (i: number) => `CHAPTER ${i}. Title ${i}\n\nText of ${i}, mentioning\nChapter ${i + 1} in passing.\n\n`;
const chapters = (count: number) => Array.from({length: count}, (_, i) => chapter(i + 1));

describe('a book with chapters', () => {
  test('every n-th chapter is held out whole', () => {
    const all = chapters(25);
    const {training, validation} = splitText(`Front\n\n${all.join('')}`);
    expect(validation).toBe(all[9] + all[19]);
    expect(training).toBe(`Front\n\n${all.filter((_, i) => i !== 9 && i !== 19).join('')}`);
  });

  test('at any share', () => {
    const all = chapters(10);
    expect(splitText(all.join(''), {validation: 0.3}).validation).toBe(all[3] + all[6] + all[9]);
    expect(splitText(all.join(''), {validation: 0.75}).training).toBe(all[0] + all[4] + all[8]);
  });

  test('Roman numbers, Windows line ends, an epilogue', () => {
    const parts = ['CHAPTER I\r\n\r\none\r\n\r\n', 'Chapter II: second\r\n\r\ntwo\r\n\r\n', 'EPILOGUE\r\n\r\nend'];
    expect(splitText(parts.join(''), {validation: 0.5})).toEqual({training: parts[0] + parts[2], validation: parts[1]});
  });

  test('Moby Dick: about a tenth, no chapter in both', async () => {
    const book = await readText('moby-dick');
    const {training, validation} = splitText(book);
    const titles = (text: string): string[] => text.match(/^CHAPTER \d+\. .+$/gm) ?? [];
    expect(titles(validation)).toHaveLength(13);
    expect(titles(validation)[0]).toBe('CHAPTER 10. A Bosom Friend.');
    expect(titles(training)).toHaveLength(122);
    expect(titles(training).filter((title) => titles(validation).includes(title))).toEqual([]);
    expect(training.length + validation.length).toBe(book.length);
    expect(validation.length / book.length).toBeGreaterThan(0.07);
    expect(validation.length / book.length).toBeLessThan(0.13);
  });
});

describe('another text', () => {
  test('a short one loses its end, cut at a paragraph', () => {
    const paragraphs = Array.from({length: 40}, (_, i) => `Paragraph ${i}\nof two lines.\n\n`);
    const {training, validation} = splitText(paragraphs.join(''));
    expect(training + validation).toBe(paragraphs.join(''));
    expect(training.endsWith('of two lines.\n\n')).toBe(true);
    expect(validation.startsWith('Paragraph ')).toBe(true);
  });

  test('a long one loses ten stretches', () => {
    const lines = Array.from({length: 60_000}, (_, i) => `line number ${100_000 + i}`);
    const {training, validation} = splitText(lines.join('\n'));
    const numbers = validation
      .trim()
      .split('\n')
      .map((line) => Number(line.slice(12)));
    expect(numbers.filter((number, i) => number !== numbers[i - 1] + 1)).toHaveLength(10);
    expect(numbers.length / lines.length).toBeCloseTo(0.1, 3);
    expect([...training.split('\n'), ...validation.split('\n')].sort().filter(Boolean)).toEqual(lines);
  });

  test('a chapter alone is not held out', () => {
    const {training} = splitText(`${chapter(1)}${'more '.repeat(100)}`);
    expect(training.startsWith('CHAPTER 1')).toBe(true);
  });

  test('characters of two units stay whole', () => {
    const {training, validation} = splitText('\u{1F40B}'.repeat(101));
    expect(validation.length % 2).toBe(0);
    expect(training + validation).toBe('\u{1F40B}'.repeat(101));
  });

  test('nothing is lost, whatever the text', () => {
    const piece = fc.oneof(
      fc.string({maxLength: 20}),
      fc.constantFrom('\n', '\n\n', '\r\n\r\n', 'CHAPTER 3\n', 'Epilogue'),
    );
    const texts = fc.array(piece, {maxLength: 60}).map((pieces) => pieces.join(''));
    const share = fc.double({min: 0.001, max: 0.999, noNaN: true});
    fc.assert(
      fc.property(texts, share, (text, validation) => {
        const split = splitText(text, {validation});
        expect(split.training.length + split.validation.length).toBe(text.length);
        expect([...split.training, ...split.validation].sort()).toEqual([...text].sort());
      }),
      {numRuns: 100},
    );
  });
});

test('the share must leave something on both sides', () => {
  for (const validation of [0, 1, -0.1, Number.NaN]) expect(() => splitText('text', {validation})).toThrow(ConfigError);
});

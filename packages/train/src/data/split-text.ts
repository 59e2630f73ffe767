import {DataError, requireArgument, requireOptions} from '@variants/core';
import {requireFraction} from '../checks';
import {heldOutStretches, type Stretch, stretchesBetween} from './held-out';

/** A text in two parts that share no character. */
export interface SplitText {
  training: string;
  validation: string;
}

/** Options of {@link splitText}. */
export interface SplitTextOptions {
  /** The share to hold out, above 0 and below 1. Default 0.1. */
  validation?: number;
}

/**
 * Holds part of a text out, always the same one. Of a book with enough chapters every n-th chapter is held out (every tenth
 * at 0.1); chapters differ in length, so the share of characters differs a little. Of another text stretches of even length
 * are, cut at paragraphs or lines where there are any near. Both parts keep the order of the text, and what precedes the
 * first chapter is for training.
 * @throws ConfigError when the share is not above 0 and below 1
 */
export function splitText(text: string, options: SplitTextOptions = {}): SplitText {
  requireArgument('splitText', 'the text', text, typeof text === 'string', 'a text', DataError);
  requireOptions('splitText', options, ['validation'], {validationFraction: 'validation'});
  const {validation = 0.1} = options;
  requireFraction('splitText', validation);
  const {front, chapters} = splitChapters(text);
  if (chapters.length * validation < 1) return splitStretches(text, validation);
  const isHeldOut = (_: string, i: number) => Math.floor((i + 1) * validation) > Math.floor(i * validation);
  return {
    training: front + chapters.filter((chapter, i) => !isHeldOut(chapter, i)).join(''),
    validation: chapters.filter(isHeldOut).join(''),
  };
}

/** A heading behind a blank line: "CHAPTER 1. Loomings.", "Chapter IV", "Epilogue". */
const chapterStart =
  /(?<=^|\n[ \t]*\r?\n)[ \t]*(?:CHAPTER|Chapter)[ \t]+(?:\d+|[IVXLCDM]+)\b|(?<=^|\n[ \t]*\r?\n)(?:EPILOGUE|Epilogue)\b/g;

/**
 * Cuts a text in front of its chapter headings: lines behind a blank line that begin with "Chapter" and a number, arabic or
 * Roman, or with "Epilogue". `front` and `chapters` together are the text.
 */
function splitChapters(text: string): {front: string; chapters: string[]} {
  const starts = Array.from(text.matchAll(chapterStart), ({index}) => index);
  const ends = [...starts.slice(1), text.length];
  return {front: text.slice(0, starts[0]), chapters: starts.map((start, i) => text.slice(start, ends[i]))};
}

function splitStretches(text: string, share: number): SplitText {
  const heldOut = heldOutStretches('splitText', text.length, share, (place, reach) => cutNear(text, place, reach));
  const join = (stretches: readonly Stretch[]) => stretches.map(([from, to]) => text.slice(from, to)).join('');
  return {training: join(stretchesBetween(heldOut, text.length)), validation: join(heldOut)};
}

/** The end of the first blank line from `place` on and within `reach`, else of the first line, else of the character. */
function cutNear(text: string, place: number, reach: number): number {
  const near = text.slice(place, place + reach);
  const border = /\n[ \t]*\r?\n/.exec(near) ?? /\n/.exec(near);
  if (border) return place + border.index + border[0].length;
  const splitsPair = /[\uD800-\uDBFF]/.test(text.charAt(place - 1)) && /[\uDC00-\uDFFF]/.test(text.charAt(place));
  return splitsPair ? place + 1 : place;
}

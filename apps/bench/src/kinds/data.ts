import {byteTokenizer, Random} from '@variants/core';
import {
  type BatchSource,
  labelledImages,
  labelledSequences,
  maskedWindows,
  readText,
  sequencePairs,
  splitText,
} from '@variants/train';

/** A kind of model that has a comparison of its own beside that of language models. */
export const comparedKinds = [
  'masked-language-model',
  'sequence-classifier',
  'image-classifier',
  'sequence-to-sequence',
] as const;

/** One of {@link comparedKinds}. */
export type ComparedKind = (typeof comparedKinds)[number];

/** What models of a kind are trained and scored on. */
export interface KindData {
  /** The task in a few words. */
  task: string;
  training: BatchSource;
  validation: BatchSource;
  /** What a model must hold. */
  vocabSize: number;
  numLabels: number;
}

/** What data depend on. */
interface DataOptions {
  /** A text file, or 'moby-dick'. */
  text: string;
  /** Of windows of the text. */
  sequenceLength: number;
  /** Of what is drawn. */
  seed: number;
}

const numExamples = {training: 4096, validation: 512};
/** Fills up shorter rows; no text has it, and no word of letters. */
export const padToken = 0;

/** The data of each kind; all but the text is drawn, so that nothing needs to be loaded. */
export const kindData: {[kind in ComparedKind]: (options: DataOptions) => Promise<KindData>} = {
  async 'masked-language-model'({text, sequenceLength}) {
    const maskToken = byteTokenizer.vocabSize;
    const windows = maskedWindows(await readText(text), {sequenceLength, maskToken});
    return {task: 'hidden bytes of the text', ...windows, vocabSize: maskToken + 1, numLabels: 0};
  },

  async 'sequence-classifier'({text, sequenceLength, seed}) {
    const parts = splitText(await readText(text));
    const of = (part: keyof typeof parts) => turnedWindows(parts[part], part, sequenceLength, seed);
    const {vocabSize} = byteTokenizer;
    return {task: 'whether bytes of the text stand backwards', ...bothParts(of), vocabSize, numLabels: 2};
  },

  'image-classifier': ({seed}) =>
    Promise.resolve({
      task: 'shapes in noisy images',
      ...bothParts((part) => shapeImages(part, seed)),
      vocabSize: 0,
      numLabels: shapes.length,
    }),

  'sequence-to-sequence': ({seed}) =>
    Promise.resolve({
      task: 'words of 3 to 12 letters, turned round',
      ...bothParts((part) => turnedWords(part, seed)),
      vocabSize: firstLetter + numLetters,
      numLabels: 0,
    }),
};

type Part = keyof typeof numExamples;

const bothParts = (of: (part: Part) => BatchSource) => ({training: of('training'), validation: of('validation')});

/** Examples of a part, in an order of its own in training. */
const rowsOf = <Row>(part: Part, draw: (random: Random, index: number) => Row, seed: number, name: string): Row[] =>
  Array.from({length: numExamples[part]}, (_, i) => draw(new Random(seed, `${name}/${part}`, i), i));

const shuffled = (part: Part) => ({shuffle: part === 'training'});

/** Windows of a text, every other one backwards. */
function turnedWindows(text: string, part: Part, length: number, seed: number): BatchSource {
  const bytes = byteTokenizer.encode(text);
  const windows = rowsOf(
    part,
    (random, i) => {
      const start = random.below(Math.max(1, bytes.length - length));
      const window = bytes.slice(start, start + length);
      return i % 2 === 0 ? window : window.reverse();
    },
    seed,
    'turned-windows',
  );
  const labels = windows.map((_, i) => i % 2);
  return labelledSequences(windows, labels, {padToken, ...shuffled(part), vocabSize: byteTokenizer.vocabSize});
}

const [beginToken, endToken, firstLetter, numLetters] = [1, 2, 3, 16];

/** Words of random letters, and the same backwards. */
function turnedWords(part: Part, seed: number): BatchSource {
  const word = (random: Random) =>
    Array.from({length: 3 + random.below(10)}, () => firstLetter + random.below(numLetters));
  const pairs = rowsOf(part, word, seed, 'turned-words').map((source) => ({source, target: source.toReversed()}));
  const vocabSize = firstLetter + numLetters;
  const sizes = {sourceVocabSize: vocabSize, targetVocabSize: vocabSize};
  return sequencePairs(pairs, {beginToken, endToken, padToken, ...sizes, ...shuffled(part)});
}

const side = 16;

/** Whether a point is on a shape of radius 1 around 0. */
const shapes: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => x * x + y * y < 1,
  (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.9,
  (x, y) => y < 0.8 && Math.abs(x) < (y + 1) / 1.8,
  (x, y) => Math.min(Math.abs(x), Math.abs(y)) < 0.3 && Math.max(Math.abs(x), Math.abs(y)) < 1,
];

/** Discs, squares, triangles and crosses anywhere in images of 16 by 16 pixels, of several sizes, in noise. */
function shapeImages(part: Part, seed: number): BatchSource {
  const images = rowsOf(
    part,
    (random, i) => {
      const radius = 3 + 3 * random.uniform();
      const [left, top] = [0, 1].map(() => radius + (side - 1 - 2 * radius) * random.uniform());
      const shows = shapes[i % shapes.length];
      return Array.from({length: side * side}, (_, pixel) => {
        const [x, y] = [((pixel % side) - left) / radius, (Math.floor(pixel / side) - top) / radius];
        return (shows(x, y) ? 1 : 0) + 0.2 * random.normal();
      });
    },
    seed,
    'shapes',
  );
  const labels = images.map((_, i) => i % shapes.length);
  const pixels = Float32Array.from(images.flat());
  return labelledImages({pixels, height: side, width: side, channels: 1}, labels, shuffled(part));
}

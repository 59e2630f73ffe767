/**
 * How words are pronounced: letters to phonemes by the CMU dictionary, with every scheme of One Wide FFN at equal parameters
 * (Pires et al. 2023, tables 2 to 4). Of each: the share of wrong phonemes and of wrong words among held-out ones, greedily
 * and by beam search, and what decoding takes, one word at a time and many.
 *
 *     npx tsx apps/bench/examples/pronunciation.ts [--schemes sharedEncNoDec,transformer] [--steps 12000] [--batch 64]
 *         [--rate 2e-3] [--seed 0] [--width 128] [--layers 2] [--widths equal|kept] [--batches 1,32] [--words 2000]
 *         [--folder reports/pronunciation]
 *
 * With --widths kept a feed-forward that is left out is not made up for elsewhere, as in table 3. A run goes on where it
 * was interrupted; what is trained already is measured alone.
 */
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {type Hypothesis, start} from '@variants/core';
import {train} from '@variants/train';
import {fromPretrained, schemes, type WideFfn, wideFfn} from '@variants/wide-ffn';
import Table from 'cli-table3';
import {median} from '../src/decoding';
import {byLength, editDistance, endToken, type Pronounced, padToken, readDictionary, split} from '../src/pronunciation';

const {values: given} = parseArgs({
  options: {
    schemes: {type: 'string', default: 'sharedEncNoDec,transformer'},
    steps: {type: 'string', default: '12000'},
    batch: {type: 'string', default: '64'},
    rate: {type: 'string', default: '2e-3'},
    seed: {type: 'string', default: '0'},
    width: {type: 'string', default: '128'},
    layers: {type: 'string', default: '2'},
    widths: {type: 'string', default: 'equal'},
    batches: {type: 'string', default: '1,32'},
    words: {type: 'string', default: '2000'},
    folder: {type: 'string', default: 'reports/pronunciation'},
  },
});
type Scheme = keyof typeof schemes;
const names = given.schemes.split(',') as Scheme[];
const unknown = names.find((name) => !Object.hasOwn(schemes, name));
if (unknown !== undefined) throw new Error(`--schemes has ${unknown}; there are ${Object.keys(schemes).join(', ')}`);
const numbers = (text: string) => text.split(',').map(Number);
const [steps, batchSize, learningRate, seed, hiddenSize, numLayers, numWords] = [
  ...[given.steps, given.batch, given.rate, given.seed, given.width, given.layers, given.words].map(Number),
];

/** How wide the feed-forwards of a scheme are so that it has as many weights as the Transformer, 4 widths in each layer. */
function widthsOf(scheme: Scheme): {intermediateSize: number; decoderIntermediateSize: number} {
  const {encoderFfn, decoderFfn, shareFfnAcross} = schemes[scheme];
  const usual = 4 * hiddenSize;
  const ffns = (sharing: string) => (sharing === 'none' ? 0 : sharing === 'shared' ? 1 : numLayers);
  const [encoder, decoder] = [ffns(encoderFfn), ffns(decoderFfn)];
  // What a stack has of all 2 numLayers: its own share, and that of the other stack where that has none.
  const shareOf = (own: number, other: number) => (own === 0 ? 0 : other === 0 || shareFfnAcross ? 2 : 1);
  const width = (own: number, other: number) =>
    given.widths === 'kept' && own > 0 ? usual : own && (shareOf(own, other) * numLayers * usual) / own;
  return {intermediateSize: width(encoder, decoder), decoderIntermediateSize: width(decoder, encoder)};
}

await start({engine: 'simd'});
const dictionary = readDictionary();
const {training, heldOut} = split(dictionary.words, numWords);
const {vocabSize, longest} = dictionary;

/** A model of a scheme, trained, or as far as it was. */
async function trained(scheme: Scheme): Promise<WideFfn> {
  const model = wideFfn({
    ...{sourceVocabSize: vocabSize, hiddenSize, numHeads: Math.max(1, Math.round(hiddenSize / 32))},
    ...{numEncoderLayers: numLayers, numDecoderLayers: numLayers, maxSequenceLength: longest},
    ...{normalization: 'pre', labelSmoothing: 0.1, padToken, endToken, seed},
    ...{...schemes[scheme], ...widthsOf(scheme)},
    // No pronunciation is longer than twice its word by much.
    ...{maxTargetRatio: 2, maxTargetExtra: 4},
  });
  const pairs = training.flatMap(({letters, pronunciations}) =>
    pronunciations.map((target) => ({source: letters, target})),
  );
  const saveTo = join(given.folder, [scheme, given.widths, hiddenSize, numLayers, steps, seed].join('-'));
  const run = train(model, byLength(pairs, vocabSize), {
    ...{steps, batchSize, learningRate, warmupSteps: Math.round(steps / 20), weightDecay: 0.01, seed},
    ...{saveTo, resume: true, saveEvery: 500},
  });
  let seconds = 0;
  for await (const step of run.withProgress()) seconds = step.seconds;
  console.log(
    `${scheme}: ${model.countParams().toLocaleString('en')} weights, ${(seconds / 60).toFixed(1)} minutes here`,
  );
  model.dispose();
  return fromPretrained(saveTo);
}

/** Words of a batch, as long as its longest. */
const filledUp = (words: readonly Pronounced[]): number[][] => {
  const time = Math.max(...words.map(({letters}) => letters.length));
  return words.map(({letters}) => [...letters, ...Array<number>(time - letters.length).fill(padToken)]);
};

/** The best hypothesis for each word, which are taken so many at a time. */
async function pronounce(
  model: WideFfn,
  words: readonly Pronounced[],
  size: number,
  beams: number,
): Promise<Hypothesis[]> {
  const found: Hypothesis[] = [];
  for (let from = 0; from < words.length; from += size) {
    const hypotheses = await model.beamSearch(filledUp(words.slice(from, from + size)), {beams});
    found.push(...hypotheses.map(([best]) => best));
  }
  return found;
}

/** Of words that are heard as one of several pronunciations, the nearest counts. */
function errors(words: readonly Pronounced[], found: readonly Hypothesis[]): {phonemes: number; words: number} {
  let [wrong, all, wrongWords] = [0, 0, 0];
  for (const [i, {pronunciations}] of words.entries()) {
    const written = found[i].tokens.slice(0, -1);
    const distances = pronunciations.map((wanted) => ({edits: editDistance(written, wanted), length: wanted.length}));
    const nearest = distances.reduce((a, b) => (b.edits / b.length < a.edits / a.length ? b : a));
    wrong += nearest.edits;
    all += nearest.length;
    if (nearest.edits > 0) wrongWords++;
  }
  return {phonemes: wrong / all, words: wrongWords / words.length};
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
const models = new Map<Scheme, WideFfn>();
for (const name of names) models.set(name, await trained(name));

const quality = new Table({
  head: ['scheme', 'weights', 'phoneme error, greedy', 'beam 5', 'word error, greedy', 'beam 5'],
});
const inOrder = heldOut.toSorted((a, b) => a.letters.length - b.letters.length);
for (const [name, model] of models) {
  const [greedy, beam] = [
    errors(inOrder, await pronounce(model, inOrder, 100, 1)),
    errors(inOrder, await pronounce(model, inOrder, 50, 5)),
  ];
  const shares = [greedy.phonemes, beam.phonemes, greedy.words, beam.words].map(percent);
  quality.push([name, model.countParams().toLocaleString('en'), ...shares]);
}
console.log(quality.toString());

// Models take turns, so that what else the machine does meets all alike.
const sample = heldOut.slice(0, 96);
const speed = new Table({head: ['scheme', 'batch', 'beams', 'ms a word', 'phonemes/s', 'to the last scheme']});
for (const size of numbers(given.batches))
  for (const beams of [1, 5]) {
    const rounds = new Map(names.map((name): [Scheme, {ms: number; phonemes: number}[]] => [name, []]));
    for (let round = 0; round < 6; round++)
      for (const [name, model] of models) {
        const begun = performance.now();
        const found = await pronounce(model, sample, size, beams);
        const ms = performance.now() - begun;
        const phonemes = found.reduce((sum, {tokens}) => sum + tokens.length, 0);
        if (round > 0) rounds.get(name)?.push({ms, phonemes});
      }
    const rates = new Map(
      [...rounds].map(([name, runs]) => [name, median(runs.map(({ms, phonemes}) => (1000 * phonemes) / ms))]),
    );
    const last = rates.get(names[names.length - 1]) as number;
    for (const [name, runs] of rounds) {
      const rate = rates.get(name) as number;
      const perWord = median(runs.map(({ms}) => ms / sample.length));
      speed.push([
        name,
        size,
        beams,
        perWord.toFixed(2),
        Math.round(rate).toLocaleString('en'),
        (rate / last).toFixed(2),
      ]);
    }
  }
console.log(speed.toString());

const first = models.get(names[0]) as WideFfn;
for (const {letters, pronunciations} of heldOut.slice(0, 8)) {
  const [[best]] = await first.beamSearch([letters], {beams: 5});
  const wanted = pronunciations.map(dictionary.textOf).join(', or ');
  console.log(`${dictionary.textOf(letters)}: ${dictionary.textOf(best.tokens.slice(0, -1))} (dictionary: ${wanted})`);
}

import type {RwkvOptions} from './config';

/** A size of Table 2 of arXiv 2305.13048; its vocabulary is GPT-NeoX's. */
const pile = (numLayers: number, hiddenSize: number): RwkvOptions => ({
  version: 4,
  vocabSize: 50277,
  numLayers,
  hiddenSize,
});

/** A size of the World models, whose vocabulary is their own; of Table 11 of arXiv 2404.05892. */
const world = (version: 5 | 6, numLayers: number, hiddenSize: number): RwkvOptions => ({
  version,
  vocabSize: 65536,
  numLayers,
  hiddenSize,
});

/**
 * A size of RWKV-7 World (arXiv 2503.14456) and its ranks.
 * @param ranks Of decay, in-context learning rate, values and gate.
 */
const goose = (
  numLayers: number,
  hiddenSize: number,
  [decayRank, learningRateRank, valueRank, gateRank]: [number, number, number, number],
): RwkvOptions => ({
  ...{version: 7, vocabSize: 65536, numLayers, hiddenSize},
  ...{decayRank, learningRateRank, valueRank, gateRank},
});

/** Published sizes by version and number of parameters. */
export const presets = {
  '4-169M': pile(12, 768),
  '4-430M': pile(24, 1024),
  '4-1.5B': pile(24, 2048),
  '4-3B': pile(32, 2560),
  '4-7B': pile(32, 4096),
  '4-14B': pile(40, 5120),
  '5-0.4B': world(5, 24, 1024),
  '5-1.5B': world(5, 24, 2048),
  '5-3B': world(5, 32, 2560),
  '5-7B': world(5, 32, 4096),
  '6-1.6B': world(6, 24, 2048),
  '6-3B': world(6, 32, 2560),
  '7-0.1B': goose(12, 768, [64, 64, 32, 128]),
  '7-0.4B': goose(24, 1024, [64, 64, 32, 128]),
  '7-1.5B': goose(24, 2048, [96, 96, 64, 256]),
  '7-2.9B': goose(32, 2560, [96, 96, 64, 320]),
} satisfies Record<string, RwkvOptions>;

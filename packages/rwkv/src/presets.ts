import type {RwkvOptions} from './config';

/** A size of Table 2 of arXiv 2305.13048; its vocabulary is GPT-NeoX's. */
const pile = (numLayers: number, hiddenSize: number): RwkvOptions => ({
  version: 4,
  vocabSize: 50277,
  numLayers,
  hiddenSize,
});

/** Published sizes by version and number of parameters. */
export const presets = {
  '4-169M': pile(12, 768),
  '4-430M': pile(24, 1024),
  '4-1.5B': pile(24, 2048),
  '4-3B': pile(32, 2560),
  '4-7B': pile(32, 4096),
  '4-14B': pile(40, 5120),
} satisfies Record<string, RwkvOptions>;

import type {WideFfnConfig} from './config';

/** What a scheme says of the feed-forwards of both stacks. */
export type Scheme = Pick<WideFfnConfig, 'encoderFfn' | 'decoderFfn' | 'shareFfnAcross'>;

const scheme = (
  encoderFfn: WideFfnConfig['encoderFfn'],
  decoderFfn: WideFfnConfig['decoderFfn'],
  shareFfnAcross = false,
): Scheme => ({encoderFfn, decoderFfn, shareFfnAcross});

/**
 * Table 1 of the paper, to be spread into a configuration: `wideFfn({sourceVocabSize, ...schemes.noDec})`. With the default
 * widths `sharedEncNoDec` is One Wide FFN, since the one feed-forward is as wide as those of all layers together.
 */
export const schemes = {
  /** The Transformer: one feed-forward per layer. */
  transformer: scheme('individual', 'individual'),
  sharedEnc: scheme('shared', 'individual'),
  sharedDec: scheme('individual', 'shared'),
  sharedEncSharedDec: scheme('shared', 'shared'),
  /** One for all layers of both stacks. */
  sharedEncDec: scheme('shared', 'shared', true),
  noEnc: scheme('none', 'individual'),
  noDec: scheme('individual', 'none'),
  noEncNoDec: scheme('none', 'none'),
  /** One Wide FFN, where it is wide. */
  sharedEncNoDec: scheme('shared', 'none'),
  noEncSharedDec: scheme('none', 'shared'),
} satisfies Record<string, Scheme>;

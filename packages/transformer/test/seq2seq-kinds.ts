import type {Kinds} from '@variants-tooling/golden';

/** How the cases of the encoder-decoder and of its attention are run. */
export const seq2seqKinds: Kinds = {};

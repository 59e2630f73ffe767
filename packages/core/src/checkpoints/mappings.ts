import type {TensorMapping} from './layout';

/** What a Linear of the authors has. */
export interface LinearOptions {
  /** Default true. */
  useBias?: boolean;
  /** Their matrix is [out, in], as PyTorch's, and ours [in, out]. Default true. */
  transpose?: boolean;
}

/** How the authors have the matrix of logits. */
export interface HeadOptions {
  /** It is the embedding's table. */
  tieEmbedding: boolean;
  /** Where it is, their files hold it under both names. Default false: under the embedding's alone. */
  repeated?: boolean;
}

/**
 * The tensors of the layers that most architectures are made of. Names are theirs first, then ours; what a layer has below
 * them is PyTorch's there (`.weight`, `.bias`) and core's here (`/kernel`, `/bias`, `/weight`, `/table`).
 */
export const mappings = {
  /** A Linear: its matrix and its bias. */
  linear(theirs: string, ours: string, {useBias = true, transpose = true}: LinearOptions = {}): TensorMapping[] {
    const matrix = {theirs: `${theirs}.weight`, ours: `${ours}/kernel`, ...(transpose && {transpose})};
    return useBias ? [matrix, {theirs: `${theirs}.bias`, ours: `${ours}/bias`}] : [matrix];
  },

  /**
   * Several Linears of one layer, in the order of the authors' files: `linears('layers.0.ffn', 'block_0/feed_forward',
   * {up: 'fc1', down: 'fc2'})`.
   * @param names Theirs by ours.
   */
  linears(
    theirs: string,
    ours: string,
    names: {readonly [ours: string]: string},
    options: LinearOptions = {},
  ): TensorMapping[] {
    return Object.entries(names).flatMap(([our, their]) =>
      mappings.linear(`${theirs}.${their}`, `${ours}/${our}`, options),
    );
  },

  /** A norm: its weight and its bias. */
  norm(theirs: string, ours: string, {useBias = true}: Pick<LinearOptions, 'useBias'> = {}): TensorMapping[] {
    const weight = {theirs: `${theirs}.weight`, ours: `${ours}/weight`};
    return useBias ? [weight, {theirs: `${theirs}.bias`, ours: `${ours}/bias`}] : [weight];
  },

  /** A table of embeddings, [rows, features] on both sides. */
  embedding(theirs: string, ours = 'embedding'): TensorMapping[] {
    return [{theirs: `${theirs}.weight`, ours: `${ours}/table`}];
  },

  /** The head of a language model, without a bias: a Linear `head` or, where it is tied, our `embedding`. */
  head(theirs: string, {tieEmbedding, repeated = false}: HeadOptions): TensorMapping[] {
    if (!tieEmbedding) return mappings.linear(theirs, 'head', {useBias: false});
    return repeated ? [{theirs: `${theirs}.weight`, ours: 'embedding/table', alias: true}] : [];
  },

  /**
   * The tensors of all blocks, in their order: `<theirs>.0` is our `block_0`.
   * @param block The tensors of one, by both names of it and its number.
   */
  blocks(
    count: number,
    theirs: string,
    block: (theirs: string, ours: string, i: number) => TensorMapping[],
    ours = 'block',
  ): TensorMapping[] {
    return Array.from({length: count}, (_, i) => block(`${theirs}.${i}`, `${ours}_${i}`, i)).flat();
  },
};

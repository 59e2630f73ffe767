import type {Checkpoint, TensorMapping} from '@variants/core';

/** How fairseq's files have named the same over the years. */
export interface Generation {
  /** Of the layout's name: '' for today's. */
  name: string;
  /** What is before the encoder's names. */
  prefix: 'encoder' | 'decoder';
  /** The norm behind the embeddings. */
  embeddingNorm: 'layernorm_embedding' | 'emb_layer_norm';
  /** Queries, keys and values are one matrix. */
  isStacked: boolean;
}

/** From today's to the oldest. */
export const generations: readonly Generation[] = [
  {name: '', prefix: 'encoder', embeddingNorm: 'layernorm_embedding', isStacked: false},
  {name: '-norm', prefix: 'encoder', embeddingNorm: 'emb_layer_norm', isStacked: false},
  {name: '-decoder', prefix: 'decoder', embeddingNorm: 'emb_layer_norm', isStacked: false},
  {name: '-stacked', prefix: 'decoder', embeddingNorm: 'emb_layer_norm', isStacked: true},
];

/** A tensor's name of today in another generation. */
function named({prefix, embeddingNorm}: Generation, theirs: string): string {
  return theirs.replace(/^encoder\./, `${prefix}.`).replace('.layernorm_embedding.', `.${embeddingNorm}.`);
}

/** Whether a checkpoint is of a generation. */
export function isOf(generation: Generation, {tensors}: Checkpoint): boolean {
  const has = (theirs: string) => tensors.has(named(generation, `encoder.sentence_encoder.${theirs}`));
  const otherNorm = generations.some(
    ({prefix, embeddingNorm}) =>
      prefix === generation.prefix &&
      embeddingNorm !== generation.embeddingNorm &&
      tensors.has(`${prefix}.sentence_encoder.${embeddingNorm}.weight`),
  );
  const isStacked = has('layers.0.self_attn.in_proj_weight');
  return has('embed_tokens.weight') && isStacked === generation.isStacked && !otherNorm;
}

/** A tensor of today's files in another generation's. */
export function asIn(generation: Generation, mapping: TensorMapping, width: number): TensorMapping {
  const theirs = named(generation, mapping.theirs);
  const part = /\.self_attn\.([qkv])_proj\.(weight|bias)$/.exec(theirs);
  if (!generation.isStacked || !part) return {...mapping, theirs};
  const start = 'qkv'.indexOf(part[1]) * width;
  return {
    ...mapping,
    theirs: theirs.replace(/[qkv]_proj\.(weight|bias)$/, 'in_proj_$1'),
    rows: {start, total: 3 * width},
  };
}

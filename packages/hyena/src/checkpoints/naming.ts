import type {Checkpoint} from '@variants/core';

/** How a file names its tensors: what stands before `backbone`, and in place of `mixer` and `mlp`. */
export interface Naming {
  prefix: string;
  mixer: string;
  mlp: string;
}

const embedding = 'backbone.embeddings.word_embeddings.weight';

/** The names that a model is saved under. */
export const plainNaming = (prefix = ''): Naming => ({prefix, mixer: 'mixer', mlp: 'mlp'});

/**
 * How a file's tensors are named, undefined where it has no backbone. A file of PyTorch Lightning has `model.` before all
 * names, one that was trained with gradient checkpointing `.layer` within them.
 */
export function namingOf({tensors}: Checkpoint): Naming | undefined {
  const names = [...tensors.keys()];
  const found = names.find((name) => name.endsWith(embedding));
  if (found === undefined) return undefined;
  const wrapped = (part: string) => (names.some((name) => name.includes(`.${part}.layer.`)) ? `${part}.layer` : part);
  return {prefix: found.slice(0, -embedding.length), mixer: wrapped('mixer'), mlp: wrapped('mlp')};
}

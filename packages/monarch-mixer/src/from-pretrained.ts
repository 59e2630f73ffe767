import {type CheckpointSource, loadFromCheckpoint, openCheckpoint} from '@variants/core';
import {m2BertClassifierLayout, m2BertLayout} from './checkpoints/m2-bert';
import {type M2BertClassifier, m2BertClassifier} from './m2-bert/classifier';
import {type M2Bert, m2Bert} from './m2-bert/masked-lm';

export async function fromPretrained<Model extends M2Bert | M2BertClassifier>(
  source: CheckpointSource,
): Promise<Model> {
  const checkpoint = await openCheckpoint(source);
  try {
    if (m2BertClassifierLayout.recognizes(checkpoint))
      return (await loadFromCheckpoint(checkpoint, [m2BertClassifierLayout], m2BertClassifier, {})) as Model;
    return (await loadFromCheckpoint(checkpoint, [m2BertLayout], m2Bert, {})) as Model;
  } finally {
    await checkpoint.close();
  }
}

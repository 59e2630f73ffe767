import {BertEmbeddings} from '@variants/core';
import type {M2BertConfig} from './config';
import {M2BertLayer} from './layer';

/** The layers of an M2-BERT from token ids to what its heads take: BERT's embeddings, then the layers. */
export function backbone(config: M2BertConfig): [BertEmbeddings, ...M2BertLayer[]] {
  const {positionEmbeddings, maxSequenceLength, filterLength, numLayers} = config;
  const embedded = {...config, maxSequenceLength: positionEmbeddings ? maxSequenceLength : null};
  const layer = (_: unknown, i: number) =>
    new M2BertLayer({...config, maxSequenceLength: filterLength, name: `layer_${i}`});
  return [new BertEmbeddings({...embedded, name: 'embeddings'}), ...Array.from({length: numLayers}, layer)];
}

import {type Actual, type GoldenCase, loadLayer, probedLayer} from '@variants-tooling/golden';
import {layers} from '../src';
import {transformerTensors} from '../src/checkpoint';

/** The fields of the authors' `Transformer`. */
interface TransformerFields {
  dim: number;
  layers: number;
  dim_head: number;
  heads: number;
  ff_mult: number;
  rel_pos: boolean;
}

/** The Transformer of a stage alone. */
export async function stageTransformer(golden: GoldenCase): Promise<Actual> {
  const {
    dim,
    layers: numLayers,
    dim_head: headSize,
    heads: numHeads,
    ff_mult,
    rel_pos: rotary,
  } = golden.config as unknown as TransformerFields;
  const layer = layers.stageTransformer({numLayers, numHeads, headSize, intermediateSize: ff_mult * dim, rotary});
  const tensors = transformerTensors(numLayers, {numHeads, headSize}, '', `${layer.name}/`);
  return probedLayer(golden, await loadLayer(golden, layer, tensors, {ignored: [/rotary_emb/]}));
}

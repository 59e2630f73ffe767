import {compressionShapes} from './compression-layer';
import {type LinformerClassifierConfig, type LinformerConfig, type LinformerFields, slotsOf} from './config';

/** All weights of a Linformer with a head for tokens, counted once. */
export function countParameters(config: LinformerConfig): number {
  return countEncoder(config) + countTokenHead(config);
}

/** All weights of a Linformer with a head for labels. */
export function countClassifier(config: LinformerClassifierConfig): number {
  const {hiddenSize: D, numLabels, tokenHead} = config;
  return countEncoder(config) + D * D + D + (D + 1) * numLabels + (tokenHead ? countTokenHead(config) : 0);
}

function countTokenHead(config: LinformerConfig): number {
  const {vocabSize: V, embeddingSize: E, hiddenSize: D, head, tieEmbedding} = config;
  if (head === 'bert') return D * E + E + 2 * E + (tieEmbedding ? 0 : V * E) + V;
  return (E === D ? 0 : D * E + E) + E * V + V;
}

/** All weights below the heads. */
function countEncoder(config: LinformerFields): number {
  const {vocabSize, embeddingSize: E, hiddenSize: D, intermediateSize: F, numLayers, headSize} = config;
  const {maxSequenceLength, positions, positionOffset, embeddingNorm, finalNorm} = config;
  const {numHeads, numKeyValueHeads, valuesAreKeys, useBias} = config;
  const table = positions === 'learned' ? (maxSequenceLength + positionOffset) * E : 0;
  const embeddings = vocabSize * E + table + (embeddingNorm ? 2 * E : 0) + (E === D ? 0 : E * D + D);
  const projected = (numHeads + (valuesAreKeys ? 1 : 2) * numKeyValueHeads) * headSize;
  const attention = (D + (useBias ? 1 : 0)) * projected + numHeads * headSize * D + D;
  const block = attention + 2 * D * F + F + D + 4 * D;
  return embeddings + numLayers * block + countCompression(config) + (finalNorm ? 2 * D : 0);
}

function countCompression(config: LinformerFields): number {
  const {maxSequenceLength, compression: method, compressionBias, headSize, numLayers, sharing} = config;
  const size = (shape: number[]) => shape.reduce((product, n) => product * n, 1);
  const each = (i: number) => {
    const shapes = compressionShapes({maxSequenceLength, compressedLength: slotsOf(config, i), method, headSize});
    return shapes ? size(shapes.matrix) + (compressionBias === 'none' ? 0 : size(shapes.bias)) : 0;
  };
  if (sharing === 'layerwise') return each(0);
  const heads = sharing === 'none' ? config.numKeyValueHeads : 1;
  const sequences = sharing === 'kv' || config.valuesAreKeys ? 1 : 2;
  return Array.from({length: numLayers}, (_, i) => each(i) * heads * sequences).reduce((sum, count) => sum + count, 0);
}

import {gpt2Fields, gpt2Tensors, mappings, namedValues} from '@variants/core';
import type {MultiQueryConfig} from '../config';
import {layoutOf} from './define-layout';

const {scaleAttentionByLayer: _, ...sharedFields} = gpt2Fields;

/**
 * The rows of a projection that has queries, keys and values of one head after the other, by those of ours, which has all
 * queries first: row (3 h + part) d + e of theirs is row (part H + h) d + e of ours.
 */
export function headByHead({numHeads: H, headSize: d}: Pick<MultiQueryConfig, 'numHeads' | 'headSize'>): number[] {
  return Array.from({length: 3 * H * d}, (_, row) => {
    const [h, part, e] = [Math.floor(row / (3 * d)), Math.floor(row / d) % 3, row % d];
    return (part * H + h) * d + e;
  });
}

/** Without multi-query, files have all heads of keys and values, and keep them beside those of the queries. */
const isMultiHead = ({numHeads, numKeyValueHeads}: MultiQueryConfig) => numKeyValueHeads === numHeads && numHeads > 1;

/**
 * Hugging Face's GPTBigCodeForCausalLM (SantaCoder, StarCoder). Its files know one head of keys and values (`multi_query`) or
 * as many as of the queries; any number between is a field of ours.
 */
export const gptBigCode = layoutOf('gptBigCode', {
  name: 'gptBigCode',
  recognizes: ({tensors}) => tensors.has('transformer.h.0.attn.c_attn.weight'),
  fields: {
    ...sharedFields,
    maxSequenceLength: {theirs: 'n_positions', required: true},
    numKeyValueHeads: {
      from: ({multi_query, n_head}) => (multi_query === false ? n_head : 1),
      to: (_, config) => ({multi_query: !isMultiHead(config)}),
    },
    activation: namedValues(
      'activation_function',
      {gelu_pytorch_tanh: 'geluTanh', gelu_new: 'geluTanh', gelu: 'gelu', relu: 'relu', silu: 'silu', tanh: 'tanh'},
      'gelu_pytorch_tanh',
    ),
  },
  only: {model_type: 'gpt_bigcode', add_cross_attention: false},
  constants: {architectures: ['GPTBigCodeForCausalLM'], model_type: 'gpt_bigcode'},
  tensors: (config) => {
    const order = isMultiHead(config) ? headByHead(config) : undefined;
    const isProjection = (ours: string) => /\/projections\/(kernel|bias)$/.test(ours);
    return [
      ...gpt2Tensors(config, {prefix: 'transformer.', transpose: true}).map((mapping) =>
        order && isProjection(mapping.ours) ? {...mapping, order} : mapping,
      ),
      ...mappings.head('lm_head', config),
    ];
  },
  // Masks of old exports, and a second copy of a tied embedding, which that wins over.
  ignored: [/\.attn\.bias$/, /\.attn\.masked_bias$/, /^lm_head\.weight$/],
});

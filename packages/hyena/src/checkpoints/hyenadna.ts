import {type Checkpoint, mappings} from '@variants/core';
import {
  type HyenaClassifierConfig,
  type HyenaConfig,
  resolveHyenaClassifierConfig,
  resolveHyenaConfig,
} from '../config';
import {hyenaLayout} from './define-layout';
import {modelConstants, modelFields, modelOnly, standaloneOperator} from './fields';
import {safari} from './safari';

/** HyenaDNA's alphabet, which its vocabulary of 12 is. */
const vocabulary = 12;

/** By what only HyenaDNA's configurations have; they need not name it. */
const isHyenaDna = ({config}: Checkpoint) =>
  config?.architecture === 'HyenaDNAModel' || config?.use_head !== undefined || config?.vocab_size === vocabulary;

const architecture = 'HyenaDNAModel';

/** The fields of HyenaDNA's model, the window of whose operators never falls below 0.05. */
const fields = {...modelFields, ...standaloneOperator(0.05)};

/** Files of HazyResearch/hyena-dna: a model without a head, or with the tied head that it was trained with. */
export const hyenaDna = hyenaLayout<HyenaConfig>({
  name: 'hyenadna',
  recognizes: (checkpoint) => isHyenaDna(checkpoint),
  fields: {...fields, tieEmbedding: {from: () => true}},
  only: modelOnly,
  constants: {...modelConstants, architecture, use_head: false},
  resolve: resolveHyenaConfig,
  prefix: '',
  frequencies: 'of every sine',
  head: () => [],
  ignored: safari.ignored,
});

const headName = 'head.output_transform';

/** Files of HazyResearch/hyena-dna's HyenaDNAModel with a head on the mean over all positions. */
export const hyenaDnaClassifier = hyenaLayout<HyenaClassifierConfig>({
  name: 'hyenadna-classifier',
  recognizes: ({tensors}, {prefix}) => tensors.has(`${prefix}${headName}.weight`),
  fields: {...fields, numLabels: 'n_classes', pooling: {from: () => 'mean'}},
  only: modelOnly,
  constants: {...modelConstants, architecture, use_head: true},
  resolve: resolveHyenaClassifierConfig,
  prefix: '',
  frequencies: 'of every sine',
  head: (_, prefix) => mappings.linear(prefix + headName, 'head/classifier'),
  headSizes: ({tensors}, {prefix}) => ({numLabels: tensors.get(`${prefix}${headName}.weight`)?.shape[0]}),
});

import type {Checkpoint} from '@variants/core';
import {type HyenaClassifierConfig, resolveClassifierConfig} from '../classifier-config';
import {type HyenaConfig, type HyenaOptions, resolveConfig} from '../config';
import {defineLayout} from './define-layout';
import {type AuthorsFields, type OperatorFields, readFilterLayout, standaloneOperator} from './fields';
import {layerFields, modelFields, safari, writeModel} from './safari';
import {linear} from './tensors';

/** HyenaDNA's alphabet, which its vocabulary of 12 is. */
const vocabulary = 12;

/** By what only HyenaDNA's configurations have; they need not name it. */
const isHyenaDna = ({config}: Checkpoint) =>
  config?.architecture === 'HyenaDNAModel' || config?.use_head !== undefined || config?.vocab_size === vocabulary;

/** The operator of HyenaDNA's model, whose window never falls below 0.05. */
const operator = (json: AuthorsFields, file: string): OperatorFields => ({
  ...standaloneOperator(layerFields(json, file), 0.05),
  filterLayout: readFilterLayout(json, 'order-first'),
});

/** Files of HazyResearch/hyena-dna: a model without a head, or with the tied head that it was trained with. */
export const hyenaDna = defineLayout<HyenaConfig>({
  name: 'hyenadna',
  recognizes: (checkpoint) => isHyenaDna(checkpoint),
  read: (json, file) => ({...modelFields(json), ...operator(json, file), tieEmbedding: true}),
  write: (config) => ({...writeModel(config), architecture: 'HyenaDNAModel', use_head: false}),
  resolve: (options) => resolveConfig(options as HyenaOptions),
  prefix: '',
  frequencies: 'of every sine',
  head: () => [],
  ignored: safari.ignored,
});

const headWeight = 'head.output_transform.weight';

/** Files of HazyResearch/hyena-dna's HyenaDNAModel with a head on the mean over all positions. */
export const hyenaDnaClassifier = defineLayout<HyenaClassifierConfig>({
  name: 'hyenadna-classifier',
  recognizes: ({tensors}, {prefix}) => tensors.has(prefix + headWeight),
  read: (json, file) => ({...modelFields(json), ...operator(json, file), pooling: 'mean'}),
  write: (config) => ({
    ...writeModel(config),
    architecture: 'HyenaDNAModel',
    use_head: true,
    n_classes: config.numLabels,
  }),
  resolve: (options) => resolveClassifierConfig(options as HyenaClassifierConfig),
  prefix: '',
  frequencies: 'of every sine',
  head: (_, prefix) => linear(`${prefix}head.output_transform`, 'head/classifier'),
  headSizes: ({tensors}, {prefix}) => ({numLabels: tensors.get(prefix + headWeight)?.shape[0]}),
});

import {type CheckpointLayout, mappings, type TensorMapping} from '@variants/core';
import {plainNaming} from '../checkpoints/naming';
import {backboneTensors} from '../checkpoints/tensors';
import {type DistilledHyenaConfig, type DistilledHyenaOptions, resolveDistilledHyenaConfig} from './config';

const modelType = 'hyena-distilled';

const modes = ['diagonal', 'across', 'input', 'output_modes', 'direct'];

/** safari's names, with the modes in place of the filters. */
function tensors(config: DistilledHyenaConfig): TensorMapping[] {
  const {numLayers, attentionLayers} = config;
  const operators = Array.from({length: numLayers}, (_, i) => i).filter((i) => !attentionLayers.includes(i));
  return [
    ...backboneTensors(config, plainNaming(), 'once').filter(({ours}) => !/\/mixer\/(filter\/|skip$)/.test(ours)),
    ...operators.flatMap((i) =>
      modes.map((part) => ({theirs: `backbone.layers.${i}.mixer.modes.${part}`, ours: `block_${i}/mixer/${part}`})),
    ),
    ...mappings.head('lm_head', config),
  ];
}

/** Our own files, since no authors published any: the configuration in our names. */
export const distilledLayout: CheckpointLayout<DistilledHyenaConfig> = {
  name: 'distilled',
  recognizes: ({config}) => config?.model_type === modelType,
  readConfig({config}) {
    const {model_type: _, ...fields} = config ?? {};
    return resolveDistilledHyenaConfig(fields as unknown as DistilledHyenaOptions);
  },
  writeConfig: (config) => ({model_type: modelType, ...config}),
  tensors,
};

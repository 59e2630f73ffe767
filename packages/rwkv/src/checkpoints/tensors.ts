import type {TensorMapping} from '@variants/core';
import type {RwkvConfig} from '../config';

/** A Linear, which the authors keep as [out, in]. */
const matrix = (theirs: string, ours: string): TensorMapping => ({
  theirs: `${theirs}.weight`,
  ours: `${ours}/kernel`,
  transpose: true,
});

/** Weight and bias of a norm. */
const norm = (theirs: string, ours: string): TensorMapping[] => [
  {theirs: `${theirs}.weight`, ours: `${ours}/weight`},
  {theirs: `${theirs}.bias`, ours: `${ours}/bias`},
];

/** A number per feature, which the authors keep as [1, 1, features]. */
const perFeature = (theirs: string, ours: string, size: number): TensorMapping => ({
  theirs,
  ours,
  shape: [1, 1, size],
});

/** The tensors of a time mix, by the authors' names; both prefixes end in a separator or are empty. */
export function timeMixTensors({hiddenSize}: RwkvConfig, theirs: string, ours: string): TensorMapping[] {
  return [
    {theirs: `${theirs}time_decay`, ours: `${ours}decay`},
    {theirs: `${theirs}time_first`, ours: `${ours}bonus`},
    perFeature(`${theirs}time_mix_k`, `${ours}key_mix`, hiddenSize),
    perFeature(`${theirs}time_mix_v`, `${ours}value_mix`, hiddenSize),
    perFeature(`${theirs}time_mix_r`, `${ours}receptance_mix`, hiddenSize),
    matrix(`${theirs}key`, `${ours}keys`),
    matrix(`${theirs}value`, `${ours}values`),
    matrix(`${theirs}receptance`, `${ours}receptance`),
    matrix(`${theirs}output`, `${ours}output`),
  ];
}

/** The tensors of a channel mix, likewise. */
export function channelMixTensors({hiddenSize}: RwkvConfig, theirs: string, ours: string): TensorMapping[] {
  return [
    perFeature(`${theirs}time_mix_k`, `${ours}key_mix`, hiddenSize),
    perFeature(`${theirs}time_mix_r`, `${ours}receptance_mix`, hiddenSize),
    matrix(`${theirs}key`, `${ours}keys`),
    matrix(`${theirs}receptance`, `${ours}receptance`),
    matrix(`${theirs}value`, `${ours}values`),
  ];
}

/** All tensors of a model, in the order of the authors' files. */
export function modelTensors(config: RwkvConfig): TensorMapping[] {
  const block = (i: number): TensorMapping[] => {
    const [theirs, ours] = [`blocks.${i}`, `block_${i}`];
    return [
      ...norm(`${theirs}.ln1`, `${ours}/mixer_norm`),
      ...norm(`${theirs}.ln2`, `${ours}/feed_forward_norm`),
      ...(i === 0 ? norm(`${theirs}.ln0`, 'embedding_norm') : []),
      ...timeMixTensors(config, `${theirs}.att.`, `${ours}/mixer/`),
      ...channelMixTensors(config, `${theirs}.ffn.`, `${ours}/feed_forward/`),
    ];
  };
  return [
    {theirs: 'emb.weight', ours: 'embedding/table'},
    ...Array.from({length: config.numLayers}, (_, i) => block(i)).flat(),
    ...norm('ln_out', 'final_norm'),
    matrix('head', 'head/projection'),
  ];
}

import {mappings, type TensorMapping} from '@variants/core';
import type {RwkvConfig} from '../config';

const {blocks, embedding, linear, norm} = mappings;

/** A Linear without a bias. */
const matrix = (theirs: string, ours: string): TensorMapping[] => linear(theirs, ours, {useBias: false});

/** A number per feature, which the authors keep as [1, 1, features]. */
const perFeature = (theirs: string, ours: string, size: number): TensorMapping => ({
  theirs,
  ours,
  shape: [1, 1, size],
});

/** A matrix that the authors keep as [in, out], as we do. */
const thin = (theirs: string, ours: string): TensorMapping => ({theirs, ours: `${ours}/kernel`});

/** The authors' letters of what is projected. */
const letters = {decay: 'w', key: 'k', value: 'v', receptance: 'r', gate: 'g'};
type Projected = keyof typeof letters;

const projections: readonly Projected[] = ['key', 'value', 'receptance', 'gate'];

/**
 * The tensors of a time mix, by the authors' names; both prefixes end in a separator or are empty.
 * @param isFirst Whether it is the first block's.
 */
export function timeMixTensors(config: RwkvConfig, theirs: string, ours: string, isFirst: boolean): TensorMapping[] {
  const {version, hiddenSize, attentionSize} = config;
  if (version === 7) return timeMix7Tensors(config, theirs, ours, isFirst);
  const shared = [
    ...matrix(`${theirs}key`, `${ours}keys`),
    ...matrix(`${theirs}value`, `${ours}values`),
    ...matrix(`${theirs}receptance`, `${ours}receptance`),
    ...matrix(`${theirs}output`, `${ours}output`),
  ];
  const mixes = (kind: string, names: readonly Projected[]) =>
    names.map((name) => perFeature(`${theirs}${kind}_${letters[name]}`, `${ours}${name}_mix`, hiddenSize));
  if (version === 4)
    return [
      {theirs: `${theirs}time_decay`, ours: `${ours}decay`},
      {theirs: `${theirs}time_first`, ours: `${ours}bonus`},
      ...mixes('time_mix', projections.slice(0, 3)),
      ...shared,
    ];
  const withHeads = [
    {theirs: `${theirs}time_faaaa`, ours: `${ours}bonus`},
    ...shared,
    ...matrix(`${theirs}gate`, `${ours}gate`),
    ...norm(`${theirs}ln_x`, `${ours}head_norm`),
  ];
  if (version === 5)
    return [...mixes('time_mix', projections), {theirs: `${theirs}time_decay`, ours: `${ours}decay`}, ...withHeads];
  return [
    perFeature(`${theirs}time_maa_x`, `${ours}mix`, hiddenSize),
    ...mixes('time_maa', ['decay', ...projections]),
    thin(`${theirs}time_maa_w1`, `${ours}mix_down`),
    {theirs: `${theirs}time_maa_w2`, ours: `${ours}mix_up`},
    perFeature(`${theirs}time_decay`, `${ours}decay`, attentionSize),
    thin(`${theirs}time_decay_w1`, `${ours}decay_by_input/down`),
    thin(`${theirs}time_decay_w2`, `${ours}decay_by_input/up`),
    ...withHeads,
    ...(config.initialState ? [{theirs: `${theirs}time_state`, ours: `${ours}initial_state`}] : []),
  ];
}

/** The tensors of version 7's time mix; that of the first layer has no share of another's values. */
function timeMix7Tensors(config: RwkvConfig, theirs: string, ours: string, isFirst: boolean): TensorMapping[] {
  const {hiddenSize, attentionSize} = config;
  const vector = (name: string, own: string) => perFeature(`${theirs}${name}`, `${ours}${own}`, attentionSize);
  const lowRank = (letter: string, own: string) => [
    thin(`${theirs}${letter}1`, `${ours}${own}/down`),
    thin(`${theirs}${letter}2`, `${ours}${own}/up`),
  ];
  const mixes = {r: 'receptance', w: 'decay', k: 'key', v: 'value', a: 'learning_rate', g: 'gate'};
  return [
    ...Object.entries(mixes).map(([letter, own]) =>
      perFeature(`${theirs}x_${letter}`, `${ours}${own}_mix`, hiddenSize),
    ),
    vector('w0', 'decay'),
    ...lowRank('w', 'decay_by_input'),
    vector('a0', 'learning_rate'),
    ...lowRank('a', 'learning_rate_by_input'),
    ...(isFirst ? [] : [vector('v0', 'value_share'), ...lowRank('v', 'value_share_by_input')]),
    ...lowRank('g', 'gate'),
    vector('k_k', 'removal'),
    vector('k_a', 'replacement'),
    {theirs: `${theirs}r_k`, ours: `${ours}bonus`},
    ...matrix(`${theirs}receptance`, `${ours}receptance`),
    ...matrix(`${theirs}key`, `${ours}keys`),
    ...matrix(`${theirs}value`, `${ours}values`),
    ...matrix(`${theirs}output`, `${ours}output`),
    ...norm(`${theirs}ln_x`, `${ours}head_norm`),
  ];
}

/** The tensors of a channel mix, likewise. */
export function channelMixTensors({version, hiddenSize}: RwkvConfig, theirs: string, ours: string): TensorMapping[] {
  if (version === 7)
    return [
      perFeature(`${theirs}x_k`, `${ours}key_mix`, hiddenSize),
      ...matrix(`${theirs}key`, `${ours}keys`),
      ...matrix(`${theirs}value`, `${ours}values`),
    ];
  const kind = version < 6 ? 'time_mix' : 'time_maa';
  return [
    perFeature(`${theirs}${kind}_k`, `${ours}key_mix`, hiddenSize),
    perFeature(`${theirs}${kind}_r`, `${ours}receptance_mix`, hiddenSize),
    ...matrix(`${theirs}key`, `${ours}keys`),
    ...matrix(`${theirs}receptance`, `${ours}receptance`),
    ...matrix(`${theirs}value`, `${ours}values`),
  ];
}

/** All tensors of a model, in the order of the authors' files. */
export function modelTensors(config: RwkvConfig): TensorMapping[] {
  return [
    ...embedding('emb'),
    ...blocks(config.numLayers, 'blocks', (theirs, ours, i) => [
      ...norm(`${theirs}.ln1`, `${ours}/mixer_norm`),
      ...norm(`${theirs}.ln2`, `${ours}/feed_forward_norm`),
      ...(i === 0 ? norm(`${theirs}.ln0`, 'embedding_norm') : []),
      ...timeMixTensors(config, `${theirs}.att.`, `${ours}/mixer/`, i === 0),
      ...channelMixTensors(config, `${theirs}.ffn.`, `${ours}/feed_forward/`),
    ]),
    ...norm('ln_out', 'final_norm'),
    // Kept as the authors do, since it may be very large.
    ...embedding('head', 'head'),
  ];
}

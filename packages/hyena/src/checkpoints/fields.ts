import {type Activation, CheckpointError} from '@variants/core';
import type {FilterLayout, HyenaBackboneConfig} from '../config';

/** Fields as the authors write them. */
export type AuthorsFields = {readonly [field: string]: unknown};

/** What an operator computes that the shapes of its tensors do not tell. */
export type OperatorFields = Pick<
  HyenaBackboneConfig,
  | 'frequency'
  | 'modulated'
  | 'shift'
  | 'normalized'
  | 'useSkip'
  | 'trainPositions'
  | 'trainDecays'
  | 'outerMixing'
  | 'activation'
  | 'filterLayout'
  | 'operatorDropout'
>;

/** safari's names of the activations of an operator. */
const activationNames: Readonly<Record<string, Activation>> = {
  id: 'identity',
  identity: 'identity',
  gelu: 'gelu',
  silu: 'silu',
  swish: 'silu',
  tanh: 'tanh',
  relu: 'relu',
  sigmoid: 'sigmoid',
};

/** The channels' layout as an operator's file may name it: "od", order outermost, or "vo", order innermost. */
const layoutNames: Readonly<Record<string, FilterLayout>> = {od: 'order-first', vo: 'channel-first'};

/** An operator of safari's standalone code and of HyenaDNA, which has no options but these and leaves all others alone. */
export function standaloneOperator(json: AuthorsFields, shift: number): OperatorFields {
  const fields = json as {[field: string]: never};
  return {
    frequency: fields.w ?? 1,
    modulated: fields.modulate ?? true,
    shift: fields.shift ?? shift,
    trainPositions: json.lr_pos_emb !== 0,
    trainDecays: (json.modulation_lr ?? 0) !== 0,
    operatorDropout: fields.dropout ?? 0,
    normalized: false,
    useSkip: true,
    outerMixing: false,
    activation: 'identity',
    filterLayout: 'order-first',
  };
}

/** An operator of safari's full code. @param file For messages. */
export function fullOperator(json: AuthorsFields, file: string): OperatorFields {
  const fields = json as {[field: string]: never};
  const name = String(json.activation ?? 'id');
  if (!Object.hasOwn(activationNames, name))
    throw new CheckpointError(
      `${file}: activation ${JSON.stringify(name)} is unknown; known are ${Object.keys(activationNames).join(', ')}`,
    );
  return {
    ...standaloneOperator(json, 0),
    normalized: fields.normalized ?? false,
    useSkip: fields.bias ?? true,
    outerMixing: fields.outer_mixing ?? false,
    activation: activationNames[name],
    filterLayout: 'channel-first',
  };
}

/** The layout that a configuration names, or else the one given. */
export const readFilterLayout = (json: AuthorsFields, usual: FilterLayout): FilterLayout =>
  layoutNames[String(json.filter_layout)] ?? usual;

/** safari's fields of an operator, the sizes included. */
export function writeOperator(config: HyenaBackboneConfig): AuthorsFields {
  const {activation} = config;
  return {
    _name_: 'hyena',
    l_max: config.maxSequenceLength,
    order: config.order,
    filter_order: config.filterSize,
    emb_dim: config.positionSize,
    num_inner_mlps: config.numInnerLayers,
    short_filter_order: config.shortFilterSize,
    w: config.frequency,
    modulate: config.modulated,
    shift: config.shift,
    lr_pos_emb: config.trainPositions ? 1e-5 : 0,
    modulation_lr: config.trainDecays ? 1e-3 : 0,
    normalized: config.normalized,
    bias: config.useSkip,
    num_heads: config.numHeads,
    outer_mixing: config.outerMixing,
    post_order_ffn: config.headMixing,
    activation: Object.keys(activationNames).find((name) => activationNames[name] === activation) ?? 'id',
    dropout: config.operatorDropout,
  };
}

/** Our layout's name in a configuration. */
export const writeFilterLayout = (layout: FilterLayout): string => (layout === 'order-first' ? 'od' : 'vo');

import {type Activation, namedValues} from '@variants/core';

/** A field that has one value in all files of a layout, which need not say so. */
export const always = <Value>(value: Value) => ({from: (): unknown => value});

/** Activations by the names of Hugging Face's library and of ESPnet. */
const activationNames: Readonly<Record<string, Activation>> = {
  swish: 'silu',
  silu: 'silu',
  gelu: 'gelu',
  gelu_new: 'geluTanh',
  relu: 'relu',
  relu2: 'squaredRelu',
  tanh: 'tanh',
  sigmoid: 'sigmoid',
  linear: 'identity',
};

/** An activation's field. */
export const activationField = (theirs: string, usual: string) => namedValues(theirs, activationNames, usual);

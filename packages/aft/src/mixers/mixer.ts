import type {CausalLayer, LayerOptions} from '@variants/core';
import type {MixerConfig} from './attention-free';
import {AftConv} from './conv';
import {AftConv2d} from './conv-2d';
import {AftFull} from './full';
import {AftLocal} from './local';
import {AftSimple} from './simple';

/** The variants of AFT for sequences. */
export const variants = ['simple', 'full', 'local', 'conv'] as const;
/** A variant of AFT for sequences. */
export type AftVariant = (typeof variants)[number];

/** Which mixer, and its options; each variant takes those that it has. */
export interface AnyMixerConfig extends MixerConfig {
  /** The variant, or 'conv2d': AFT-conv of images. */
  variant: AftVariant | 'conv2d';
  /** Positions that full and local have biases for. */
  maxSequenceLength?: number;
  /** Of local. */
  windowSize?: number;
  /** Of full and local; 0 for a matrix of biases. Default 0. */
  factorSize?: number;
  /** Of conv. */
  numHeads?: number;
  /** Of conv. */
  kernelSize?: number;
  /** Of conv. Default 1e-6. */
  kernelEpsilon?: number;
}

/** The mixer of a variant. */
export function createMixer(config: AnyMixerConfig & Pick<LayerOptions, 'name'>): CausalLayer {
  const {variant, name, mixerSize, useBias, causal, ...rest} = config;
  const {maxSequenceLength = 1, windowSize = 1, factorSize, numHeads = 1, kernelSize = 1, kernelEpsilon} = rest;
  const shared = {name, mixerSize, useBias, causal};
  const biased = {...shared, maxSequenceLength, factorSize};
  const kernel = {...shared, numHeads, kernelSize, kernelEpsilon};
  return {
    simple: () => new AftSimple(shared),
    full: () => new AftFull(biased),
    local: () => new AftLocal({...biased, windowSize}),
    conv: () => new AftConv(kernel),
    conv2d: () => new AftConv2d(kernel),
  }[variant]();
}

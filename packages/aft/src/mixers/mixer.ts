import type {CausalLayer, LayerOptions} from '@variants/core';
import {type AftVariant, mixerDefaults} from '../config';
import {AftSimple, type MixerConfig} from './attention-free';
import {AftFull, AftLocal} from './biased';
import {AftConv, AftConv2d} from './conv';

/** Which mixer, and its options; each variant takes those that it has. */
export interface AnyMixerConfig extends MixerConfig {
  /** The variant, or 'conv2d': AFT-conv of images. */
  variant: AftVariant | 'conv2d';
  /** Positions that full and local have biases for. Default 1024. */
  maxSequenceLength?: number;
  /** Of local. Default 32. */
  windowSize?: number;
  /** Of full and local; 0 for a matrix of biases. Default 0. */
  factorSize?: number;
  /** Of conv. Default: one per 16 of the width, or 1. */
  numHeads?: number;
  /** Of conv. Default 11. */
  kernelSize?: number;
  /** Of conv. Default 1e-6. */
  kernelEpsilon?: number;
}

/** The mixer of a variant. */
export function createMixer(config: AnyMixerConfig & Pick<LayerOptions, 'name'>): CausalLayer {
  const {variant, name, mixerSize, useBias, causal, factorSize, windowSize} = config;
  const {maxSequenceLength = mixerDefaults.maxSequenceLength, numHeads, kernelSize, kernelEpsilon} = config;
  const shared = {name, mixerSize, useBias, causal};
  const biased = {...shared, maxSequenceLength, factorSize};
  const conv = {...shared, numHeads, kernelSize, kernelEpsilon};
  return {
    simple: () => new AftSimple(shared),
    full: () => new AftFull(biased),
    local: () => new AftLocal({...biased, windowSize}),
    conv: () => new AftConv(conv),
    conv2d: () => new AftConv2d(conv),
  }[variant]();
}

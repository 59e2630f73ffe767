import * as tf from '@tensorflow/tfjs';
import {nextTask, requireArgument, requireOptions, withInitialization} from '@variants/core';
import type {HyenaOperator} from '../hyena-operator';
import {Hyena, HyenaBlock} from '../model';
import {fitModes, type Modes, response} from './least-squares';
import {DistilledHyena} from './model';

/** Options of {@link distil}. */
export interface DistilOptions {
  /** Numbers that a stream remembers per channel of a long convolution, even; half as many complex exponentials. Default 16. */
  order?: number;
}

/** How far a layer's recurrences are from its filters. */
export interface DistillationError {
  /** The layer's number, from 0 on. */
  layer: number;
  /** The norm of the difference of all taps of all filters, relative to that of the taps. */
  relativeError: number;
  /** The same of the channel where it is largest. */
  worstChannel: number;
}

/** What {@link distil} gives. */
export interface Distillation {
  /** A language model with weights of its own. */
  model: DistilledHyena;
  /** Of every layer that has filters. */
  errors: DistillationError[];
}

/**
 * Fits each filter of a Hyena by a recurrence of a fixed size, a sum of complex exponentials (Massaroli, Poli et al. 2023,
 * "Laughing Hyena Distillery", arXiv 2310.18780): a language model whose streams cost the same time and memory per token,
 * whatever came before. It is as good as the fit, whose errors come with it; filters that are smooth fit well, those of
 * noise do not.
 *
 * Takes time in proportion to the channels, some ten milliseconds each, and lets the event loop go on between them.
 * @throws ConfigError when the order is no even number of at least 2.
 */
export async function distil(model: Hyena, options: DistilOptions = {}): Promise<Distillation> {
  requireArgument('distil', 'the model', model, model instanceof Hyena, 'a Hyena, as hyena(...) makes');
  requireOptions('distil', options, ['order']);
  const {order = 16} = options;
  const distilled = withInitialization(
    {allocateOnly: true},
    () => new DistilledHyena({...model.config, stateSize: order}),
  );
  try {
    const target = new Map(distilled.weights.map((weight) => [weight.originalName, weight]));
    for (const weight of model.weights) target.get(weight.originalName)?.write(weight.read());
    const errors: DistillationError[] = [];
    for (const {name, number, operator} of operatorsOf(model)) {
      const fits = await fitOperator(operator, model.config.maxSequenceLength, order);
      writeModes(target, name, fits, order);
      errors.push({layer: number, ...errorOf(fits.flat())});
    }
    return {model: distilled, errors};
  } catch (error) {
    distilled.dispose();
    throw error;
  }
}

/** The operators of a model, with their blocks' names and numbers. */
function operatorsOf(model: Hyena): {name: string; number: number; operator: HyenaOperator}[] {
  return model.layers
    .filter((layer) => layer instanceof HyenaBlock)
    .flatMap(({name, operator}, number) => (operator ? [{name, number, operator}] : []));
}

/** What was fitted to a channel of a filter. */
interface ChannelFit {
  /** The first tap, with the skip term. */
  direct: number;
  modes: Modes;
  /** The sum of the squares of the taps but the first. */
  size: number;
  /** The same of what the modes are off by. */
  error: number;
}

/** Fits all channels of a head, convolution by convolution. */
async function fitOperator(operator: HyenaOperator, length: number, order: number): Promise<ChannelFit[][]> {
  const fits: ChannelFit[][] = [];
  for (const [taps, skip] of await filterValues(operator, length)) {
    const width = taps.length / length;
    const channels: ChannelFit[] = [];
    for (let c = 0; c < width; c++) {
      await nextTask();
      const own = Float64Array.from({length}, (_, j) => taps[j * width + c]);
      channels.push(fitChannel(own, skip?.[c] ?? 0, order));
    }
    fits.push(channels);
  }
  return fits;
}

/** The taps [length, width] of each filter of a head, and the skip terms [width] where there are any. */
async function filterValues(operator: HyenaOperator, length: number): Promise<[Float32Array, Float32Array?][]> {
  const {filters, skips} = tf.tidy(() => {
    const all = operator.longFilters(length, 1);
    // Those of a single filter may be the weight itself.
    return {filters: all.filters, skips: all.skips?.map((skip) => skip.clone())};
  });
  const values = filters.map(
    async (filter, o): Promise<[Float32Array, Float32Array?]> => [
      await filter.data<'float32'>(),
      await skips?.[o].data<'float32'>(),
    ],
  );
  try {
    return await Promise.all(values);
  } finally {
    tf.dispose([filters, skips ?? []]);
  }
}

function fitChannel(taps: Float64Array, skip: number, order: number): ChannelFit {
  const h = taps.subarray(1);
  const modes = fitModes(h, order);
  const fitted = response(modes, h.length);
  let [size, error] = [0, 0];
  for (let i = 0; i < h.length; i++) {
    size += h[i] ** 2;
    error += (h[i] - fitted[i]) ** 2;
  }
  return {direct: taps[0] + skip, modes, size, error};
}

/** Writes the fits of an operator into the weights of the distilled one. */
function writeModes(weights: Map<string, tf.LayerVariable>, block: string, fits: ChannelFit[][], order: number): void {
  const shape = [fits.length, order, fits[0].length];
  const write = (name: string, values: number[], shape: number[]) =>
    tf.tidy(() => {
      weights.get(`${block}/mixer/${name}`)?.write(tf.tensor(values, shape));
    });
  const parts = {diagonal: 'diagonal', across: 'across', input: 'input', output: 'output_modes'} as const;
  for (const [part, name] of Object.entries(parts) as [keyof Modes, string][]) {
    const places = Array.from({length: order}, (_, n) => n);
    write(
      name,
      fits.flatMap((channels) => places.flatMap((n) => channels.map(({modes}) => modes[part][n]))),
      shape,
    );
  }
  write(
    'direct',
    fits.flat().map(({direct}) => direct),
    [fits.length, fits[0].length],
  );
}

function errorOf(fits: ChannelFit[]): Pick<DistillationError, 'relativeError' | 'worstChannel'> {
  const relative = (error: number, size: number) => Math.sqrt(error / (size || 1));
  const sum = (part: 'error' | 'size') => fits.reduce((total, fit) => total + fit[part], 0);
  return {
    relativeError: relative(sum('error'), sum('size')),
    worstChannel: Math.max(...fits.map(({error, size}) => relative(error, size))),
  };
}

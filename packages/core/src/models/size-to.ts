import {requireArgument, requireGivenFields} from '../arguments';
import {ConfigError} from '../errors';
import type {SizeRequest} from './card';
import {fields} from './config';

/** What decides on the size of a model of blocks with a feed-forward. */
export interface ModelShape {
  numLayers: number;
  hiddenSize: number;
  numHeads: number;
  intermediateSize: number;
}

/** How an architecture is sized. */
export interface Proportions<Config> {
  /** The complete configuration of a shape. */
  configure(shape: ModelShape): Config;
  /** All weights counted once. */
  countParameters(config: Config): number;
  /** The usual intermediateSize / hiddenSize. */
  feedForwardRatio: number;
}

/** Blocks to choose from: growing as published sizes do. */
const depths = [2, 3, 4, 6, 8, 12, 16, 24, 32];

/** Width per block that published models have at the small end. */
const usualAspect = 32;

/** Widths to choose from. */
function* widths(): Iterable<number> {
  for (let width = 16; width < 256; width += 8) yield width;
  for (let width = 256; width <= 8192; width += 64) yield width;
}

/** Heads of 64 features where the width has them, else two. */
const headsOf = (hiddenSize: number) => (hiddenSize % 64 === 0 ? Math.max(2, hiddenSize / 64) : 2);

interface Candidate<Config> {
  config: Config;
  parameters: number;
  /** How far the shape is from the usual proportions. */
  oddness: number;
}

/**
 * What a card is asked for, checked.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function requireSize(architecture: string, request: SizeRequest): SizeRequest {
  requireGivenFields(`${architecture}, sized`, request);
  for (const name of ['parameters', 'vocabSize', 'maxSequenceLength'] as const) {
    const rule = fields.count();
    requireArgument(`${architecture}, sized`, name, request[name], rule.accepts(request[name]), rule.allowed);
  }
  return request;
}

/**
 * A configuration with the wanted number of parameters: of all depths and widths, the one with the most usual
 * proportions that comes within 0.5 %, the feed-forward taking up the difference: a multiple of 8, or any width where
 * the model is so small that no multiple of 8 comes within 1 %.
 *
 * The feed-forward stays between half and twice its usual width, or it would be another architecture.
 * @throws ConfigError when none comes within 1 %, naming the closest.
 */
export function sizeTo<Config>(architecture: string, wanted: number, proportions: Proportions<Config>): Config {
  const distance = ({parameters}: Candidate<Config>) => Math.abs(parameters - wanted) / wanted;
  let closest: Candidate<Config> | undefined;
  for (const step of [8, 1]) {
    const candidates = [...candidatesFor(wanted, step, proportions)].sort((a, b) => a.oddness - b.oddness);
    const usual = candidates.find((candidate) => distance(candidate) <= 0.005);
    if (usual) return usual.config;
    [closest] = candidates.sort((a, b) => distance(a) - distance(b));
    if (closest && distance(closest) <= 0.01) return closest.config;
  }
  const hint = closest
    ? `; the closest has ${closest.parameters}`
    : '; a smaller vocabulary or more parameters would do';
  throw new ConfigError(`${architecture}: no configuration has ${wanted} parameters within 1 %${hint}`);
}

/** @param step What the feed-forward's width is a multiple of. */
function* candidatesFor<Config>(
  wanted: number,
  step: number,
  proportions: Proportions<Config>,
): Iterable<Candidate<Config>> {
  const {configure, countParameters, feedForwardRatio} = proportions;
  for (const numLayers of depths)
    for (const hiddenSize of widths()) {
      const count = (intermediateSize: number) =>
        countParameters(configure({numLayers, hiddenSize, numHeads: headsOf(hiddenSize), intermediateSize}));
      const perStep = count(2 * step) - count(step);
      const intermediateSize = step * Math.round((wanted - count(step)) / perStep + 1);
      const ratio = intermediateSize / hiddenSize / feedForwardRatio;
      if (ratio < 0.5 || ratio > 2) continue;
      const config = configure({numLayers, hiddenSize, numHeads: headsOf(hiddenSize), intermediateSize});
      const oddness = Math.abs(Math.log(hiddenSize / numLayers / usualAspect)) + Math.abs(Math.log(ratio));
      yield {config, parameters: countParameters(config), oddness};
    }
}

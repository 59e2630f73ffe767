import type {Law} from '../subject';
import {batchIndependence, causality} from './causality';
import {recordedSteps} from './decoding';
import {otherSeed, sameSeed} from './determinism';
import {badConfigs, badTokens} from './errors';
import {greedyGeneration, seededGeneration} from './generation';
import {fits, gradients, overfits} from './learning';
import {noLeaks} from './memory';
import {checkpointRoundTrip, configRoundTrip, tfjsRoundTrip} from './persistence';
import {graph, logitsShape, tokenInputs} from './shapes';
import {contextLimit, lastPosition, stateOwnership, streamSplits, streamStates} from './streaming';
import {disposal, weightNames, weightTypes} from './weights';

/** All laws of language models, by the names of their constants. */
export const laws = {
  logitsShape,
  tokenInputs,
  graph,
  causality,
  batchIndependence,
  streamSplits,
  streamStates,
  stateOwnership,
  lastPosition,
  contextLimit,
  recordedSteps,
  gradients,
  overfits,
  fits,
  tfjsRoundTrip,
  checkpointRoundTrip,
  configRoundTrip,
  sameSeed,
  otherSeed,
  weightNames,
  weightTypes,
  disposal,
  noLeaks,
  greedyGeneration,
  seededGeneration,
  badTokens,
  badConfigs,
} satisfies {[name: string]: Law};

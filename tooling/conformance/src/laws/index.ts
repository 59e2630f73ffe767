import type {Law} from '../subject';
import {batchIndependence, causality} from './causality';
import {recordedSteps} from './decoding';
import {otherSeed, sameSeed} from './determinism';
import {engineSwitches, engines} from './engines';
import {badConfigs, badImages, badPairs, badTokens, badUtterances} from './errors';
import {failures, tooLarge} from './failures';
import {frozenLayers, frozenTraining} from './freezing';
import {greedyGeneration, seededGeneration} from './generation';
import {fits, gradients, overfits} from './learning';
import {leftPadding} from './left-padding';
import {noLeaks} from './memory';
import {checkpointRoundTrip, configRoundTrip, tfjsRoundTrip} from './persistence';
import {targetCausality, targetGeneration, targetStreams} from './sequences';
import {graph, logitsShape, tokenInputs} from './shapes';
import {smallest} from './smallest';
import {foreignStates, statesOfEqualModels} from './states';
import {contextLimit, lastPosition, stateOwnership, streamSplits, streamStates} from './streaming';
import {paddedUtterances, paddingLoss} from './utterances';
import {disposal, weightNames, weightTypes} from './weights';
import {allTokensSeen, oneClass, padding} from './whole-inputs';

/** All laws, by the names of their constants; each says for which kinds of models it is. */
export const laws = {
  logitsShape,
  smallest,
  tokenInputs,
  graph,
  causality,
  batchIndependence,
  leftPadding,
  padding,
  allTokensSeen,
  oneClass,
  paddedUtterances,
  paddingLoss,
  streamSplits,
  streamStates,
  stateOwnership,
  foreignStates,
  statesOfEqualModels,
  lastPosition,
  contextLimit,
  recordedSteps,
  engines,
  engineSwitches,
  gradients,
  overfits,
  fits,
  tfjsRoundTrip,
  checkpointRoundTrip,
  configRoundTrip,
  frozenLayers,
  frozenTraining,
  sameSeed,
  otherSeed,
  weightNames,
  weightTypes,
  disposal,
  noLeaks,
  failures,
  tooLarge,
  greedyGeneration,
  seededGeneration,
  targetCausality,
  targetStreams,
  targetGeneration,
  badTokens,
  badPairs,
  badImages,
  badUtterances,
  badConfigs,
} satisfies {[name: string]: Law};

import * as tf from '@tensorflow/tfjs';
import {describe, expect, it, vi} from 'vitest';
import {type Law, laws, type Subject} from '../src';
import * as kinds from './broken-kinds';
import * as broken from './broken-models';

/** What each broken model is, the law that it breaks, and what the law says to that. */
const cases: [string, Subject, keyof typeof laws, RegExp][] = [
  ['infinite outputs', broken.overflowing, 'logitsShape', /logits of .* are not finite/],
  ['infinite outputs', broken.overflowing, 'smallest', /logits are not finite/],
  ['one kind of list read otherwise', broken.leftHanded, 'tokenInputs', /logits of Int32Array: value \d+/],
  ['another function as a layer', broken.twoFaced, 'graph', /logits by predict: value 0/],
  ['a look at the future', broken.foresight, 'causality', /outputs before token \d+, which was changed/],
  ['rows that see each other', broken.sociable, 'batchIndependence', /a batch of \d/],
  ['padding taken for tokens', broken.untold, 'leftPadding', /logits behind 1 of padding: value 0/],
  ['a state that is not used', broken.forgetful, 'streamSplits', /pieces of [\d,]+ tokens: value/],
  ['a memory beside the state', broken.secretive, 'streamStates', /from a state that was \w+/],
  ['a state that is not used', broken.forgetful, 'streamStates', /after \d+ tokens: value/],
  ['a state that can be fed twice', broken.sparing, 'stateOwnership', /a state that was fed before: is accepted/],
  ['a state of any model taken', broken.obliging, 'foreignStates', /stream, numLayers 3 instead of 2: is accepted/],
  ['a state of one instance alone', broken.jealous, 'statesOfEqualModels', /not of this model: it was made by tiny/],
  ['a number in the state', broken.numbered, 'recordedSteps', /of 10 steps of one token, 10 were computed/],
  ['a memory beside the state', broken.secretive, 'recordedSteps', /steps that were recorded/],
  ['another function on another engine', broken.partisan, 'engines', /outputs on cpu: value 0/],
  ['a memory of the last engine', broken.homesick, 'engineSwitches', /step \d+ of .*: value 0/],
  ['all positions where one was asked for', broken.stubborn, 'lastPosition', /with lastOnly, logits have the shape/],
  ['a limit that does not hold', broken.boundless, 'contextLimit', /a stream beyond the context: is accepted/],
  ['a weight without a use', broken.idle, 'gradients', /no gradient for head\/idle$/],
  ['outputs that cannot grow', broken.numb, 'overfits', /after 150 steps of Adam the lowest loss is/],
  ['a fit that changes nothing', broken.unmoved, 'fits', /losses over five epochs/],
  ['an incomplete configuration', broken.reticent, 'configRoundTrip', /made from its configuration: logits/],
  ['an incomplete configuration', broken.reticent, 'tfjsRoundTrip', /saved by tfjs: logits/],
  ['a weight that is not loaded', broken.careless, 'checkpointRoundTrip', /saved as a checkpoint: weight head\/bias/],
  ['frozen layers that thaw', broken.thawing, 'frozenLayers', /the first layer frozen, saved by tfjs: trained are/],
  ['frozen layers that thaw', broken.thawing, 'frozenTraining', /./],
  ['weights that are not seeded', broken.unseeded, 'sameSeed', /the same seed: weight embedding\/table/],
  ['a seed without effect', broken.oneSeed, 'otherSeed', /two seeds give the same embedding\/table/],
  ['a name that stands twice', broken.twofold, 'weightNames', /two weights are named head\/kernel/],
  ['a wrong count of parameters', broken.modest, 'weightTypes', /countParams gives 1, but the weights have \d+/],
  ['a tensor that outlives the model', broken.clinging, 'disposal', /1 tensors are left/],
  ['a tensor kept at each call', broken.hoarder, 'noLeaks', /logits leaks 2 tensors/],
  ['a tensor that is held when it fails', broken.careful, 'failures', /outputs, failing at .*, leaves 1 tensors/],
  ['memory taken too early', broken.impulsive, 'tooLarge', /takes memory 1 times before/],
  ['a generation that draws', broken.adventurous, 'greedyGeneration', /token \d is \d, with the logit/],
  ['a generation without its seed', broken.moody, 'seededGeneration', /the same seed gave/],
  ['no look at tokens', broken.gullible, 'badTokens', /an empty list: is accepted/],
  ['no look at names of fields', broken.lenient, 'badConfigs', /noSuchField 1: is accepted/],
  ['a message without the field', broken.silent, 'badConfigs', /"something is wrong" does not match/],
  ['a message of two lines', broken.talkative, 'badConfigs', /more than one line/],
  ['an error that is not ours', broken.plain, 'badConfigs', /throws "TypeError: .*", which is no ConfigError/],
  ['another kind than it says', kinds.impostor, 'logitsShape', /of the kind masked-language-model, not image-classif/],
  ['no look at padding', kinds.blind, 'padding', /\d tokens and \d of padding: value/],
  ['no look at padding of a source', kinds.blindReader, 'padding', /\d tokens and \d of padding: value/],
  ['a look at one token alone', kinds.solitary, 'allTokensSeen', /output 1 does not depend on token 0/],
  ['two classes for one', kinds.undecided, 'oneClass', /logits have the shape \[2,2\] instead of \[2,1\]/],
  ['a look at the rest of a target', kinds.foresight, 'targetCausality', /outputs before token \d+ of the target/],
  ['no look at the source', kinds.sourceless, 'targetCausality', /output 0 does not depend on token \d+ of the source/],
  ['a target that is forgotten', kinds.forgetful, 'targetStreams', /a target cut at [\d,]+: value/],
  ['a target that is drawn', kinds.adventurous, 'targetGeneration', /token \d is \d, with the logit/],
  ['no look at pairs', kinds.credulous, 'badPairs', /an empty list as a source: is accepted/],
  ['no look at padding of an utterance', kinds.deaf, 'paddedUtterances', /\d frames and \d of padding: value/],
  ['padding that is no blank', kinds.talkative, 'paddingLoss', /the loss of \d frames and \d of padding: value/],
  ['no look at features', kinds.trusting, 'badUtterances', /features without a batch: is accepted/],
  ['no look at images', kinds.farSighted, 'badImages', /an image without a batch: is accepted/],
  ['an error of another kind', broken.mistaken, 'badConfigs', /throws "CheckpointError: .*", which is no ConfigError/],
];

/** What a law throws; fast-check's own report has that for its cause. */
async function complaintOf(law: Law, subject: Subject): Promise<string | undefined> {
  try {
    await law.check(subject);
  } catch (error) {
    const {message, cause} = error as Error;
    return cause instanceof Error ? cause.message : message;
  }
  return undefined;
}

/** Runs `body` and frees all that it leaves behind: a law that throws does not tidy up, and some models never do. */
async function swept<Result>(body: () => Promise<Result>): Promise<Result> {
  const engine = tf.engine();
  const {registeredVariables} = engine.state;
  const variablesBefore = new Set(Object.keys(registeredVariables));
  const keep = vi.spyOn(engine, 'keep');
  engine.startScope();
  try {
    return await body();
  } finally {
    engine.endScope();
    for (const {value} of keep.mock.results) if (!value.isDisposed) value.dispose();
    keep.mockRestore();
    for (const [name, variable] of Object.entries(registeredVariables))
      if (!variablesBefore.has(name)) variable.dispose();
  }
}

describe('the laws catch', () => {
  it('something, each of them', () => {
    expect([...new Set(cases.map(([, , law]) => law))].sort()).toEqual(Object.keys(laws).sort());
  });

  it.each(cases)('%s', async (_, subject, law, complaint) => {
    expect(await swept(() => complaintOf(laws[law], subject))).toMatch(complaint);
  });
});

import {conformance} from '@variants-tooling/conformance';
import {type AttentionSinksOptions, attentionSinks, fromPretrained} from '../src';

const small = {vocabSize: 11, hiddenSize: 16, numLayers: 2, numHeads: 2, intermediateSize: 24, windowSize: 4};
const create = (fields: Partial<AttentionSinksOptions>) => (overrides?: object) =>
  attentionSinks({...small, numSinks: 2, ...fields, ...overrides});

const isLess =
  'a whole number of at least 1, so that numSinks is less than the cache, which holds numSinks \\+ windowSize';

conformance({
  name: 'attention-sinks, llama',
  create: create({}),
  fromPretrained,
  invalid: [
    [{windowSize: 0}, new RegExp(`windowSize is 0, but must be ${isLess}`)],
    [{windowSize: 1.5}, new RegExp(`windowSize is 1.5, but must be ${isLess}`)],
    [{numSinks: -1}, /numSinks is -1, but must be a whole number of at least 0/],
    [{maxSequenceLength: 5}, /numSinks 2 \+ windowSize 4 is 6, but must be at most maxSequenceLength 5/],
    [{headSize: 5}, /headSize is 5, but must be even/],
    [{alibiBiasMax: 4}, /alibiBiasMax is 4, but family llama has no ALiBi/],
    [{sinkToken: 11}, /sinkToken is 11, but must be below vocabSize 11/],
    [{cache: 'endless'}, /cache is "endless", but must be one of rolling, growing/],
    [{family: 'gpt2'}, /family is "gpt2", but must be one of llama, mpt, whose positions can be counted in the cache/],
  ],
});

conformance({
  name: 'attention-sinks, llama, grouped heads, logits that are learned',
  create: create({numKeyValueHeads: 1, sinkLogit: 'learned', rotaryPairing: 'interleaved', tieEmbedding: true}),
  fromPretrained,
});

conformance({
  name: 'attention-sinks, a window alone, softmax off by one',
  create: create({numSinks: 0, sinkLogit: 'zero'}),
  fromPretrained,
});

conformance({
  name: 'attention-sinks, a token of its own',
  create: create({numSinks: 1, sinkToken: 10}),
  fromPretrained,
});

conformance({
  name: 'attention-sinks, all remembered, after a token of its own',
  create: create({cache: 'growing', sinkToken: 0, tieEmbedding: true}),
  fromPretrained,
});

conformance({
  name: 'attention-sinks, mpt',
  create: create({family: 'mpt', alibiBiasMax: 4}),
  fromPretrained,
  invalid: [
    [{ropeScaling: {type: 'linear', factor: 2}}, /ropeScaling is given, but family mpt has no rotary positions/],
  ],
});

conformance({
  name: 'attention-sinks, mpt with biases, an own head and a token of its own',
  create: create({
    family: 'mpt',
    attentionBias: true,
    feedForwardBias: true,
    normBias: true,
    tieEmbedding: false,
    sinkToken: 1,
    sinkLogit: 'learned',
  }),
  fromPretrained,
});

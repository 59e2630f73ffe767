import {conformance} from '@variants-tooling/conformance';
import {blocks, fromPretrained, type SimplifiedTransformerOptions, simplifiedTransformer} from '../src';

const small = {vocabSize: 11, hiddenSize: 16, numLayers: 2, numHeads: 2, intermediateSize: 24, maxSequenceLength: 20};

/** The gain of a matrix that is 0 at first has a gradient of 0 there; the golden cases have that of others. */
const still = {trainableValueGains: false, trainableOutputGains: false};

const create = (fields: Partial<SimplifiedTransformerOptions>) => (overrides?: object) =>
  simplifiedTransformer({...small, ...fields, ...overrides});

const invalid: {[form: string]: [overrides: {[field: string]: unknown}, message: RegExp][]} = {
  sasParallel: [
    [{numHeads: 3}, /numHeads is 3, but must divide hiddenSize 16/],
    [{numHeads: 0}, /numHeads is 0, but must be a whole number of at least 1/],
    [{valueInit: 'orthogonal'}, /valueInit is "orthogonal", but must be "identity" unless plainValues is true/],
    [{outputInit: 'normal'}, /outputInit is "normal", but must be "identity" unless plainOutput is true/],
    [{activation: 'silu', negativeSlope: 0.1}, /negativeSlope is 0.1, but must be 0, as activation silu has none/],
    [{attentionGain: 'large'}, /attentionGain is "large", but must be a number/],
    [{norm: 'batchNorm'}, /norm is "batchNorm", but must be one of rmsNorm, layerNorm, none/],
  ],
};

for (const [form, fields] of Object.entries(blocks))
  conformance({
    name: `simplified-transformer, ${form}`,
    create: create({...fields, ...still}),
    fromPretrained,
    invalid: invalid[form],
  });

conformance({
  name: 'simplified-transformer, norms behind the sums, leaky',
  create: create({...blocks.preNorm, norm: 'layerNorm', normalization: 'post', negativeSlope: 0.1}),
  fromPretrained,
});

conformance({
  name: 'simplified-transformer, capped scores, divided by the layer',
  create: create({...blocks.outlierProtected, capScores: true, scaleAttentionByLayer: true, activation: 'geluTanh'}),
  fromPretrained,
});

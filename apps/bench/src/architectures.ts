import * as aft from '@variants/aft';
import * as attentionSinks from '@variants/attention-sinks';
import * as conformer from '@variants/conformer';
import type {ArchitectureCard, LanguageModel, ModelKind, SizeRequest, VariantModel} from '@variants/core';
import * as hyena from '@variants/hyena';
import * as linformer from '@variants/linformer';
import * as longnet from '@variants/longnet';
import * as megabyte from '@variants/megabyte';
import * as monarchMixer from '@variants/monarch-mixer';
import * as mqa from '@variants/mqa';
import * as performer from '@variants/performer';
import * as reformer from '@variants/reformer';
import * as retnet from '@variants/retnet';
import * as roformer from '@variants/roformer';
import * as rwkv from '@variants/rwkv';
import * as simplifiedTransformer from '@variants/simplified-transformer';
import * as transformer from '@variants/transformer';
import * as wideFfn from '@variants/wide-ffn';
import {type BuiltShape, sizeByBuilding} from './size-by-building';

/** What a model of any kind is to be like. */
interface KindRequest extends SizeRequest {
  /** Number of labels of classifiers. */
  numLabels: number;
  /** The id that fills up shorter rows. */
  padToken: number;
}

/** An architecture that takes part in a comparison. */
export interface Contestant<Model extends VariantModel = LanguageModel, Request = SizeRequest> {
  card: ArchitectureCard;
  /**
   * Chooses a configuration and gives what makes a fresh model of it.
   * @param longest Length of text that models are made for whose shape is chosen at another. Default: that of the size.
   * @throws ConfigError that names the architecture where it has none of that size.
   */
  sized(size: Request, longest?: number): (seed: number) => Model;
}

/** An architecture in the comparison of a kind other than language models. */
export type KindContestant = Contestant<VariantModel, KindRequest>;

function contestant<Config extends object>(
  card: ArchitectureCard<Config>,
  create: (config: Config) => unknown,
): Contestant {
  return {
    card,
    sized(size, longest) {
      const config = card.sized(size);
      const {maxSequenceLength = null} = config as {maxSequenceLength?: number | null};
      // What has no longest text needs none, and some have one of their own.
      const isLonger = longest !== undefined && maxSequenceLength !== null && longest > maxSequenceLength;
      const length = isLonger ? {maxSequenceLength: longest} : {};
      return (seed) => create({...config, ...length, seed}) as LanguageModel;
    },
  };
}

/** One whose card has no sizes for the kind: they are found by building it. */
function built(
  card: ArchitectureCard,
  create: (shape: BuiltShape & {seed: number}, request: KindRequest) => VariantModel,
): KindContestant {
  return {
    card,
    sized(request, longest = request.maxSequenceLength) {
      const shape = sizeByBuilding(card.name, request.parameters, (tried) => create({...tried, seed: 0}, request));
      return (seed) => create({...shape, seed}, {...request, maxSequenceLength: longest});
    },
  };
}

/** Every architecture that the comparison of language models knows, one line each; the baseline first. */
export const architectures: readonly Contestant[] = [
  contestant(transformer.card, transformer.transformer),
  contestant(retnet.card, retnet.retnet),
  contestant(rwkv.card, rwkv.rwkv),
  contestant(hyena.card, hyena.hyena),
  contestant(aft.card, aft.aft),
  contestant(monarchMixer.card, monarchMixer.monarchMixer),
  contestant(mqa.card, mqa.mqa),
  contestant(roformer.card, roformer.roformer),
  contestant(attentionSinks.card, attentionSinks.attentionSinks),
  contestant(simplifiedTransformer.card, simplifiedTransformer.simplifiedTransformer),
  contestant(longnet.card, longnet.longnet),
  contestant(megabyte.card, megabyte.megabyte),
  contestant(performer.card, performer.performer),
  contestant(reformer.card, reformer.reformer),
];

// Of narrow models, the networks of filters would be most of the parameters.
const narrowM2Bert = {filterSize: 32, positionSize: 3, residualConvolution: false};
const narrowHyena = {filterSize: 16};

/** The same for the other kinds. Images are of 16 by 16 pixels with one value each. */
export const contestantsOfKind: {[kind in Exclude<ModelKind, 'language-model'>]: readonly KindContestant[]} = {
  'masked-language-model': [
    built(monarchMixer.card, (shape, {vocabSize, maxSequenceLength, padToken}) =>
      monarchMixer.m2Bert({...shapeOf(shape), ...narrowM2Bert, vocabSize, maxSequenceLength, padToken}),
    ),
    built(roformer.card, (shape, {vocabSize, maxSequenceLength, padToken}) =>
      roformer.roformerMasked({...shape, vocabSize, maxSequenceLength, padToken}),
    ),
    built(linformer.card, (shape, {vocabSize, maxSequenceLength, padToken}) =>
      linformer.linformer({...shape, vocabSize, maxSequenceLength, padToken}),
    ),
    built(longnet.card, (shape, {vocabSize, padToken}) =>
      longnet.longnetEncoder({...shape, vocabSize, padToken, maskFilling: true}),
    ),
    built(reformer.card, (shape, {vocabSize, maxSequenceLength, padToken}) =>
      reformer.reformerMasked({...shape, vocabSize, maxSequenceLength, padToken}),
    ),
    built(performer.card, (shape, {vocabSize, maxSequenceLength, padToken}) =>
      performer.performerMasked({...shape, vocabSize, maxSequenceLength, padToken}),
    ),
  ],
  'sequence-classifier': [
    built(hyena.card, (shape, {vocabSize, maxSequenceLength, padToken, numLabels}) =>
      hyena.hyenaClassifier({
        ...shapeOf(shape),
        ...narrowHyena,
        ...{vocabSize, maxSequenceLength, padToken, numLabels, pooling: 'before-padding'},
      }),
    ),
    built(monarchMixer.card, (shape, {vocabSize, maxSequenceLength, padToken, numLabels}) =>
      monarchMixer.m2BertClassifier({
        ...shapeOf(shape),
        ...narrowM2Bert,
        ...{vocabSize, maxSequenceLength, padToken, numLabels, pooling: 'mean'},
      }),
    ),
    built(roformer.card, (shape, {vocabSize, maxSequenceLength, padToken, numLabels}) =>
      roformer.roformerClassifier({...shape, vocabSize, maxSequenceLength, padToken, numLabels}),
    ),
    built(linformer.card, (shape, {vocabSize, maxSequenceLength, padToken, numLabels}) =>
      linformer.linformerClassifier({...shape, vocabSize, maxSequenceLength, padToken, numLabels}),
    ),
    built(reformer.card, (shape, {vocabSize, maxSequenceLength, padToken, numLabels}) =>
      reformer.reformerClassifier({...shape, vocabSize, maxSequenceLength, padToken, numLabels}),
    ),
  ],
  'image-classifier': [
    built(aft.card, (shape, {numLabels: numClasses}) =>
      aft.aftVision({...shape, numClasses, imageChannels: 1, patchSize: 4, kernelSize: 3}),
    ),
  ],
  'sequence-to-sequence': [
    built(transformer.card, ({numLayers, ...shape}, {vocabSize, maxSequenceLength, padToken}) =>
      transformer.encoderDecoder({
        ...shape,
        ...{numEncoderLayers: numLayers, numDecoderLayers: numLayers},
        ...{sourceVocabSize: vocabSize, maxSequenceLength, padToken},
      }),
    ),
    {
      card: wideFfn.card,
      sized(request) {
        const {padToken} = request;
        const config = {...wideFfn.card.sized(request), padToken, endToken: padToken === 1 ? 2 : 1};
        return (seed) => wideFfn.wideFfn({...config, seed});
      },
    },
    built(performer.card, ({hiddenSize, seed, ...side}, {vocabSize, maxSequenceLength, padToken}) =>
      performer.performerEncoderDecoder({
        ...{sourceVocabSize: vocabSize, hiddenSize, padToken, seed},
        ...{encoder: {...side, maxSequenceLength}, decoder: {...side, maxSequenceLength}},
      }),
    ),
  ],
  'speech-recognizer': [built(conformer.card, (shape, {vocabSize}) => conformer.conformer({...shape, vocabSize}))],
};

/** What of a shape an architecture without heads has. */
const shapeOf = ({numHeads: _, ...shape}: BuiltShape & {seed: number}) => shape;

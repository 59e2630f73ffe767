import * as tf from '@tensorflow/tfjs';
import * as aft from '@variants/aft';
import * as core from '@variants/core';
import {setThreads} from '@variants/core/simd';
import * as hyena from '@variants/hyena';
import * as monarchMixer from '@variants/monarch-mixer';
import * as retnet from '@variants/retnet';
import * as rwkv from '@variants/rwkv';
import * as simplifiedTransformer from '@variants/simplified-transformer';
import * as train from '@variants/train';
import * as transformer from '@variants/transformer';

/** A call that works: the function and its arguments, made anew each time. */
export type GoodCall = () => [call: (...args: never[]) => unknown, ...args: unknown[]];

/** A name's good calls, or why there is none: it cannot be called, or only the author of a package calls it. */
export type Entry = GoodCall | GoodCall[] | 'data' | 'class' | 'for authors';

/** An argument that is used as it is: to replace it would do nothing but that (a file that is not there, a stream). */
const config = {vocabSize: 8, hiddenSize: 8, numLayers: 1, numHeads: 2};
const plain = {vocabSize: 8, hiddenSize: 8, numLayers: 1};
const ids = Array.from({length: 60}, (_, i) => i % 8);
const x = (...shape: number[]) => tf.ones(shape);
const int = (...shape: number[]) => tf.zeros(shape, 'int32');
const model = () => retnet.retnet(config);
const windows = () => train.textWindows(ids, {sequenceLength: 4, validationFraction: 0.4}).training;
const heldOut = () => train.textWindows(ids, {sequenceLength: 4, validationFraction: 0.4}).validation;
const batches = () => train.taskBatches(train.tasks.mqar, {numExamples: 2, split: 'test'});
const source = 'no-such-folder';

/** One that fails, as its file is not there, whatever else is right. */
const fails = (error: unknown): unknown => {
  if (error instanceof core.CheckpointError || error instanceof core.DataError) return undefined;
  throw error;
};
const missing = <Args extends unknown[]>(call: (...args: Args) => Promise<unknown>) =>
  ((...args: Args) => {
    const result = call(...args);
    return args.length > 0 && args[0] === source ? result.catch(fails) : result;
  }) as (...args: never[]) => unknown;

/** Of every package, every public name. */
export const entries: Readonly<Record<string, Readonly<Record<string, Entry>>>> = {
  core: {
    activation: () => [core.activation, 'relu'],
    activations: 'data',
    adamWStep: () => [
      core.adamWStep,
      [{weight: x(2), gradient: x(2), first: x(2), second: x(2), weightDecay: 0}],
      {step: 1, learningRate: 0.1, betas: [0.9, 0.99], epsilon: 1e-8},
    ],
    alibiBias: 'for authors',
    alibiSlopes: 'for authors',
    appendRows: 'for authors',
    attention: () => [core.attention, x(1, 1, 2, 4), x(1, 1, 2, 4), x(1, 1, 2, 4), {causal: true}],
    BertEmbeddings: 'class',
    blockDiagonalMatMul: () => [core.blockDiagonalMatMul, x(2, 4), x(2, 2, 2)],
    bufferSource: 'for authors',
    byteDecoding: 'for authors',
    byteTokenizer: () => [core.byteTokenizer.encode, 'text'],
    CausalLayer: 'class',
    CausalResidualBlock: 'class',
    CheckpointError: 'class',
    checkpointFiles: () => [core.checkpointFiles, model()],
    ClassifierHead: 'class',
    ConfigError: 'class',
    continueConvolution: 'for authors',
    DataError: 'class',
    decoderFields: 'for authors',
    DecoderLayer: 'class',
    defineKernel: 'for authors',
    defineLayout: 'for authors',
    deltaRule: () => {
      const each = () => x(1, 2, 1, 2);
      return [core.deltaRule, each(), each(), each(), {lookups: each(), corrections: each(), decay: each()}];
    },
    depthwiseConvolution1d: () => [core.depthwiseConvolution1d, x(1, 3, 2), x(2, 2), {padding: 'causal'}],
    Dropout: 'class',
    embeddingLookup: () => [core.embeddingLookup, x(3, 2), int(1, 2)],
    Encoder: 'class',
    EngineError: 'class',
    extendCache: 'for authors',
    FeedForward: 'class',
    fields: 'for authors',
    fileSource: 'for authors',
    firstShape: 'for authors',
    gelu: () => [core.gelu, x(2)],
    globalNorm: () => [core.globalNorm, [x(2)]],
    GroupNorm: 'class',
    growAxis: 'for authors',
    huggingFaceTokenizer: () => [
      core.huggingFaceTokenizer,
      {encode: () => ({ids: [1]}), decode: () => 'a', get_vocab: () => new Map([['a', 1]])},
      {addSpecialTokens: true},
    ],
    ignoredTarget: 'data',
    ImageClassifier: 'class',
    ImplicitFilter: 'class',
    inference: 'data',
    initializationSeed: 'for authors',
    inspect: () => [missing(core.inspect), source, [], {}],
    inverseRealFft: () => [core.inverseRealFft, {real: x(1, 3), imag: x(1, 3)}, 4],
    joinHeads: () => [core.joinHeads, x(1, 2, 3, 4)],
    LanguageModel: 'class',
    languageModel: () => [
      core.languageModel,
      {vocabSize: 8, hiddenSize: 8, blocks: [retnet.layers.retNetBlock({numHeads: 2, intermediateSize: 8})]},
    ],
    languageModelFromPretrained: () => [missing(core.languageModelFromPretrained), source],
    lastDimension: 'for authors',
    LayerNorm: 'class',
    layerNorm: () => [core.layerNorm, x(2, 3)],
    LearnedPositions: 'class',
    Linear: 'class',
    linearRecurrence: () => [core.linearRecurrence, x(1, 2, 1, 2), x(1, 2, 1, 2), x(1, 2, 1, 2), {decay: x(1, 2)}],
    linearUniform: 'for authors',
    loadAnyOf: 'for authors',
    loadCheckpoint: 'for authors',
    loadFromCheckpoint: 'for authors',
    longConvolution: () => [core.longConvolution, x(1, 4, 2), x(4, 2), {mode: 'causal'}],
    mappings: 'for authors',
    mapState: 'for authors',
    MaskedHead: 'class',
    MaskedLanguageModel: 'class',
    mergeAttention: () => [core.mergeAttention, [{output: x(1, 1, 2, 4), logSumExp: x(1, 1, 2)}]],
    MixedLanguageModel: 'class',
    modelKinds: 'data',
    MultiHeadAttention: 'class',
    namedValues: 'for authors',
    nearestName: 'for authors',
    nextTask: 'for authors',
    normal: 'for authors',
    ones: 'for authors',
    onlineConvolution: () => [core.onlineConvolution, x(1, 4, 2), x(4, 2), null, {capacity: 8}],
    openCheckpoint: () => [missing(core.openCheckpoint), source, {}],
    openFiles: () => [missing(core.openFiles), source],
    padAxis: 'for authors',
    PaddingMask: 'class',
    pool: 'for authors',
    positionAfter: 'for authors',
    Random: 'class',
    readAll: 'for authors',
    readFields: 'for authors',
    readFileSource: () => [missing(core.readFileSource), source],
    readSafetensors: () => [core.readSafetensors, core.writeSafetensors({})],
    realFft: () => [core.realFft, x(1, 4)],
    replaceFiles: 'for authors',
    requireArgument: 'for authors',
    requireConfig: 'for authors',
    requireDivides: 'for authors',
    requireGivenFields: 'for authors',
    requireRank: 'for authors',
    requireSize: 'for authors',
    requireGiven: 'for authors',
    requireKnown: 'for authors',
    requireOnlyIn: 'for authors',
    requireOptionalTensors: 'for authors',
    requireOptions: 'for authors',
    requireTensors: 'for authors',
    requireWithin: 'for authors',
    residual: 'for authors',
    ResidualBlock: 'class',
    residualStep: 'for authors',
    resolveFields: 'for authors',
    ringInOrder: 'for authors',
    RMSNorm: 'class',
    rmsNorm: () => [core.rmsNorm, x(2, 3)],
    rotaryEmbedding: () => [core.rotaryEmbedding, x(1, 2, 4), {cos: x(2, 2), sin: x(2, 2)}],
    rotaryFrequencies: 'for authors',
    rotaryTables: () => [core.rotaryTables, [0, 1], [1, 0.1]],
    saveCheckpoint: () => [core.saveCheckpoint, model(), '/dev/null/no', {maxShardBytes: 100}],
    SelfAttention: 'class',
    SequenceClassifier: 'class',
    SequenceToSequence: 'class',
    ShapeError: 'class',
    ShortConvolution: 'class',
    shown: 'for authors',
    SinusoidalPositions: 'class',
    sinusoids: 'for authors',
    sizeTo: 'for authors',
    softmaxCrossEntropy: () => [core.softmaxCrossEntropy, x(2, 3), int(2), {smoothing: 0.1}],
    splitHeads: 'for authors',
    stackFields: 'for authors',
    start: () => [core.start, {engine: 'cpu'}],
    streamPositions: 'for authors',
    StreamState: () => [core.StreamState.fromBytes, new Uint8Array(0)],
    TiedHead: 'class',
    toAuthorsNames: 'for authors',
    TokenEmbedding: 'class',
    tokenPositions: 'for authors',
    toTokenTensor: 'for authors',
    uniform: 'for authors',
    VariantLayer: 'class',
    VariantModel: 'class',
    VariantsError: 'class',
    walkState: 'for authors',
    weightedAverageScan: () => [core.weightedAverageScan, x(1, 2, 3), x(1, 2, 3), {decay: x(3), bonus: x(3)}],
    withInitialization: 'for authors',
    withoutPadding: 'for authors',
    writeRing: 'for authors',
    writeSafetensors: 'for authors',
    xavierUniform: 'for authors',
    zeros: 'for authors',
  },
  'core.simd': {setThreads: () => [setThreads, 1]},
  retnet: {
    card: () => [retnet.card.sized, {parameters: 10000, vocabSize: 8, maxSequenceLength: 16}],
    fromPretrained: () => [missing(retnet.fromPretrained), source, {}],
    layers: [
      () => [retnet.layers.retention, {numHeads: 2}],
      () => [retnet.layers.retNetBlock, {numHeads: 2, intermediateSize: 8}],
    ],
    ops: [
      () => [retnet.ops.retention, x(1, 1, 2, 2), x(1, 1, 2, 2), x(1, 1, 2, 2), [0.9]],
      () => [retnet.ops.retentionChunkwise, x(1, 1, 2, 2), x(1, 1, 2, 2), x(1, 1, 2, 2), [0.9], 2],
    ],
    presets: 'data',
    RetNet: [
      () => [model().logits.bind(model()), [1, 2], {}],
      () => [model().loss, [1, 2], [2, 3]],
      () => [bound(model(), 'stream'), [1, 2], undefined, {lastOnly: true}],
      () => [bound(model(), 'generate'), [1, 2], {maxTokens: 1}],
      () => [bound(model(), 'hidden'), [1, 2]],
    ],
    retnet: () => [retnet.retnet, config],
  },
  transformer: {
    card: () => [transformer.card.sized, {parameters: 10000, vocabSize: 8, maxSequenceLength: 16}],
    EncoderDecoder: 'class',
    encoderDecoder: () => [transformer.encoderDecoder, pairConfig],
    fromPretrained: () => [missing(transformer.fromPretrained), source, {}],
    layers: [
      () => [transformer.layers.selfAttention, {numHeads: 2}],
      () => [transformer.layers.transformerBlock, {attention: {numHeads: 2}, intermediateSize: 8}],
    ],
    ops: () => [transformer.ops.attention, x(1, 1, 2, 4), x(1, 1, 2, 4), x(1, 1, 2, 4), {causal: true}],
    presets: 'data',
    Transformer: 'class',
    Transformer_2: 'class',
    transformer: () => [transformer.transformer, config],
  },
  rwkv: {
    card: () => [rwkv.card.sized, {parameters: 10000, vocabSize: 8, maxSequenceLength: 16}],
    fromPretrained: () => [missing(rwkv.fromPretrained), source, {}],
    layers: () => [rwkv.layers.timeMix4, {layer: 0, numLayers: 1}],
    ops: () => [rwkv.ops.tokenShift, x(1, 2, 3)],
    presets: 'data',
    Rwkv: 'class',
    rwkv: () => [rwkv.rwkv, plain],
    tunedState: () => [rwkv.tunedState, rwkv.rwkv(plain), {weights: new Uint8Array(1)}],
    worldTokenizer: () => [missing(rwkv.worldTokenizer), source],
  },
  hyena: {
    card: () => [hyena.card.sized, {parameters: 10000, vocabSize: 8, maxSequenceLength: 16}],
    distil: () => [hyena.distil, hyena.hyena({...plain, maxSequenceLength: 8}), {order: 2}],
    DistilledHyena: 'class',
    fromPretrained: () => [missing(hyena.fromPretrained), source, {}],
    Hyena: 'class',
    hyena: () => [hyena.hyena, {...plain, maxSequenceLength: 8}],
    HyenaClassifier: 'class',
    hyenaClassifier: () => [hyena.hyenaClassifier, {...plain, maxSequenceLength: 8, numLabels: 2, padToken: 0}],
    layers: () => [hyena.layers.hyena, {maxSequenceLength: 8}],
    nucleotideTokenizer: () => [hyena.nucleotideTokenizer.encode, 'ACGT'],
    ops: () => [hyena.ops.hyena, x(1, 4, 2), [x(1, 4, 2)], [x(4, 2)]],
    presets: 'data',
  },
  'monarch-mixer': {
    card: () => [monarchMixer.card.sized, {parameters: 10000, vocabSize: 8, maxSequenceLength: 16}],
    fromPretrained: () => [missing(monarchMixer.fromPretrained), source, {}],
    layers: () => [monarchMixer.layers.monarchLinear, {units: 4, numBlocks: 2}],
    M2Bert: 'class',
    m2Bert: () => [monarchMixer.m2Bert, {...plain, maxSequenceLength: 8}],
    M2BertClassifier: 'class',
    m2BertClassifier: () => [monarchMixer.m2BertClassifier, {...plain, maxSequenceLength: 8, numLabels: 2}],
    m2BertPresets: 'data',
    MonarchMixer: 'class',
    monarchMixer: () => [monarchMixer.monarchMixer, {...plain, maxSequenceLength: 8}],
    ops: () => [monarchMixer.ops.monarch, x(1, 4), x(2, 2, 2), x(2, 2, 2)],
    presets: 'data',
  },
  aft: {
    Aft: 'class',
    aft: () => [aft.aft, {...plain, maxSequenceLength: 8}],
    AftVision: 'class',
    aftVision: () => [aft.aftVision, {imageSize: 8, patchSize: 4, numClasses: 2, hiddenSize: 8, numLayers: 1}],
    card: () => [aft.card.sized, {parameters: 10000, vocabSize: 8, maxSequenceLength: 16}],
    fromPretrained: () => [missing(aft.fromPretrained), source, {}],
    layers: () => [aft.layers.aftSimple, {}],
    mixerFromPretrained: () => [missing(aft.mixerFromPretrained), source],
    ops: () => [aft.ops.aftSimple, x(1, 2, 3), x(1, 2, 3), {causal: true}],
    presets: 'data',
    visionFromPretrained: () => [missing(aft.visionFromPretrained), source, {}],
    visionPresets: 'data',
  },
  'simplified-transformer': {
    blocks: 'data',
    card: () => [simplifiedTransformer.card.sized, {parameters: 10000, vocabSize: 8, maxSequenceLength: 16}],
    fromPretrained: () => [missing(simplifiedTransformer.fromPretrained), source, {}],
    layers: [
      () => [simplifiedTransformer.layers.shapedAttention, {numHeads: 2}],
      () => [simplifiedTransformer.layers.simplifiedBlock, {numHeads: 2}],
    ],
    ops: [
      () => [
        simplifiedTransformer.ops.shapedAttention,
        x(1, 3, 2, 4),
        x(1, 3, 2, 4),
        x(1, 3, 2, 4),
        {softmax: x(2), identity: x(2), centre: x(2)},
        {scale: 1, capScores: true, attentionMask: x(1, 3)},
      ],
      () => [simplifiedTransformer.ops.causalMeans, x(1, 3, 4), {sum: x(1, 1, 4), count: x(1, 1, 1)}, x(1, 3)],
      () => [simplifiedTransformer.ops.rootMeanSquareNorm, x(2, 4), 1e-5],
    ],
    presets: 'data',
    SimplifiedTransformer: 'class',
    simplifiedTransformer: () => [simplifiedTransformer.simplifiedTransformer, config],
  },
  train: {
    AdamW: 'class',
    checkpointed: 'for authors',
    clipByGlobalNorm: () => [train.clipByGlobalNorm, {a: x(2)}, 1],
    DivergenceError: 'class',
    eachBatch: () => [train.eachBatch, windows(), {batchSize: 1, steps: 1}],
    evaluate: () => [train.evaluate, model(), heldOut(), {maxTokens: 4}],
    evaluateTask: () => [train.evaluateTask, retnet.retnet({...config, vocabSize: 256}), batches(), {numExamples: 1}],
    ignoreIndex: 'data',
    labelledImages: () => [
      train.labelledImages,
      {pixels: new Float32Array(8), height: 2, width: 2, channels: 1},
      [0, 1],
      {shuffle: true},
    ],
    labelledSequences: () => [train.labelledSequences, [[1], [2]], [0, 1], {padToken: 0}],
    maskedWindows: () => [train.maskedWindows, ids, {sequenceLength: 4, maskToken: 9, validationFraction: 0.4}],
    orderedWindows: () => [train.orderedWindows, ids, {sequenceLength: 4}],
    overlapRate: () => [train.overlapRate, train.tasks.mqar, {seed: 0, numTrain: 2, numTest: 2}],
    randomWindows: () => [train.randomWindows, ids, {sequenceLength: 4}],
    readText: () => [missing(train.readText), source],
    scaledAccuracy: () => [train.scaledAccuracy, 0.5, 0.1],
    schedules: 'data',
    scoreTask: () => [train.scoreTask, [[1]], [[1]]],
    sequencePairs: () => [train.sequencePairs, [{source: [3], target: [4]}], {beginToken: 1, endToken: 2, padToken: 0}],
    splitText: () => [train.splitText, 'a\n\nb\n\nc\n\nd', {validation: 0.5}],
    taskBatches: () => [train.taskBatches, train.tasks.mqar, {split: 'test'}],
    taskNamed: () => [train.taskNamed, 'mqar'],
    tasks: () => [train.tasks.mqar.example, {seed: 0, split: 'test', index: 0}],
    textWindows: () => [train.textWindows, ids, {sequenceLength: 4, validationFraction: 0.4}],
    train: () => [train.train, model(), windows(), {steps: 1, batchSize: 1}],
    wilsonInterval: () => [train.wilsonInterval, 0.5, 10],
  },
};

const pairConfig = {sourceVocabSize: 8, targetVocabSize: 8, hiddenSize: 8, numHeads: 2, maxSequenceLength: 8};

/** A method of a model, to be called with any arguments. */
function bound<Owner>(owner: Owner, name: keyof Owner): (...args: never[]) => unknown {
  return (owner[name] as (...args: never[]) => unknown).bind(owner);
}

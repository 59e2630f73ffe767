import './one-copy';
import {registerFileUrls} from './files/file-urls';
import {freeTapeOfErrors} from './gradient-tape';

export {
  requireArgument,
  requireCount,
  requireGiven,
  requireGivenFields,
  requireKnown,
  requireOptionalTensors,
  requireOptions,
  requireRank,
  requireTensors,
} from './arguments';
export {byteDecoding, byteTokenizer} from './byte-decoding';
export {defineLayout, type LayoutDefinition, type TensorFields} from './checkpoints/define-layout';
export {
  type AuthorsConfig,
  type DerivedField,
  type FieldTable,
  namedValues,
  type RenamedField,
  readFields,
} from './checkpoints/field-table';
export {type Gpt2TensorOptions, gpt2Fields, gpt2Sizes, gpt2Tensors} from './checkpoints/gpt2-files';
export {type CheckpointSummary, inspect} from './checkpoints/inspect';
export type {CheckpointLayout, CheckpointModel, TensorMapping} from './checkpoints/layout';
export {llamaFiles} from './checkpoints/llama-files';
export {type LoadOptions, loadCheckpoint, loadFromCheckpoint} from './checkpoints/load';
export {type CheckpointKind, type FromPretrained, fromAnyOf, loadAnyOf} from './checkpoints/load-any-of';
export {type HeadOptions, type LinearOptions, mappings} from './checkpoints/mappings';
export {metaFiles, metaIntermediateSize, metaRopeScaling, metaSizes} from './checkpoints/meta-files';
export {toAuthorsNames} from './checkpoints/names';
export {readRopeScaling, scaledFromLength, writeRopeScaling} from './checkpoints/rope-scaling';
export {type CheckpointFiles, checkpointFiles, type SaveOptions, saveCheckpoint} from './checkpoints/save';
export type {TransformerFileFields, TransformerFiles} from './checkpoints/transformer-files';
export {CheckpointError, ConfigError, DataError, EngineError, ShapeError, VariantsError} from './errors';
export {nextTask} from './event-loop';
export {type ByteSource, bufferSource, fileSource, readAll} from './files/bytes';
export {type Checkpoint, type OpenOptions, openCheckpoint} from './files/checkpoint';
export {type FileSource, readFileSource} from './files/one-file';
export {type FileChunks, replaceFiles} from './files/replace-files';
export {readSafetensors} from './files/safetensors';
export {writeSafetensors} from './files/safetensors-write';
export {type CheckpointBuffers, type CheckpointSource, openFiles} from './files/sources';
export type {CheckpointFormat, StoredTensor, WeightFile} from './files/weight-file';
export {type HuggingFaceTokenizer, huggingFaceTokenizer} from './hugging-face-tokenizer';
export {isList} from './ids';
export {type AdamWNumbers, type AdamWState, type AdamWWeight, adamWStep} from './kernels/adam-w-step';
export {appendRows} from './kernels/append-rows';
export {type AttentionOptions, type AttentionOutputs, attention} from './kernels/attention';
export {mergeAttention} from './kernels/attention/merge';
export {withSinkLogit} from './kernels/attention/sink-logit';
export {blockDiagonalMatMul} from './kernels/block-diagonal-mat-mul';
export {
  type ChunkedAttentionOptions,
  type ChunkedAttentionOutputs,
  type ChunkedAttentionWeights,
  chunkedAttention,
  chunkedAttentionWeights,
} from './kernels/chunked-attention';
export {type CtcLossOptions, type CtcReduction, ctcLoss} from './kernels/ctc-loss';
export {defineKernel, type KernelCall, type KernelDefinition, type KernelTensors} from './kernels/define-kernel';
export {type DeltaRuleOptions, deltaRule} from './kernels/delta-rule';
export {type DepthwiseConvolution1dOptions, depthwiseConvolution1d} from './kernels/depthwise-convolution-1d';
export {
  type DilatedPattern,
  type DilatedShape,
  dilatedOffsets,
  dilatedRows,
  dilatedShape,
  type MergeDilatedOptions,
  mergeDilated,
} from './kernels/dilated';
export {embeddingLookup} from './kernels/embedding-lookup';
export {gelu} from './kernels/gelu';
export {globalNorm} from './kernels/global-norm';
export {joinHeads, splitHeads} from './kernels/heads';
export {type LayerNormWeights, layerNorm} from './kernels/layer-norm';
export {type LinearRecurrenceOptions, linearRecurrence} from './kernels/linear-recurrence';
export {type LongConvolutionOptions, longConvolution} from './kernels/long-convolution';
export {type ConvolutionState, type OnlineConvolutionOptions, onlineConvolution} from './kernels/online-convolution';
export {growAxis, padAxis, withoutPadding} from './kernels/padding';
export {inverseRealFft, realFft, type Spectrum} from './kernels/real-fft';
export {ringInOrder, writeRing} from './kernels/ring';
export {rmsNorm} from './kernels/rms-norm';
export {
  type AngleGrowth,
  anglesAt,
  type LongerAngles,
  type RotaryAngles,
  type RotaryPairing,
  type RotaryTables,
  rotaryEmbedding,
  rotaryFrequencies,
  rotaryTables,
} from './kernels/rotary-embedding';
export {type RopeScaling, scaledAngles} from './kernels/rotary-embedding/rope-scaling';
export {type CrossEntropyOptions, softmaxCrossEntropy} from './kernels/softmax-cross-entropy';
export {stableOrder} from './kernels/stable-order';
export {
  type WeightedAverageOptions,
  type WeightedAverageState,
  weightedAverageScan,
} from './kernels/weighted-average-scan';
export {withoutGradient} from './kernels/without-gradient';
export * from './layers';
export {continueConvolution, type FilteredState} from './layers/continue-convolution';
export type {BeamOptions, Hypothesis} from './models/beam-options';
export type {BlockDescription} from './models/block-list';
export type {ArchitectureCard, SizeRequest} from './models/card';
export type {RunLayer} from './models/chain';
export {
  type Field,
  type Fields,
  fields,
  requireConfig,
  requireDivides,
  requireOnlyIn,
  resolveFields,
} from './models/config';
export type {SequenceToSequenceLayers} from './models/connect-sequences';
export {type DecoderFields, decoderFields, type StackFields, stackFields} from './models/decoder-fields';
export {type EncodeOptions, Encoder, type EncoderConfig, type EncoderLayers, type EncoderTypes} from './models/encoder';
export type {GenerateOptions, TextOptions} from './models/generate-options';
export type {TargetOptions} from './models/generate-target';
export {ImageClassifier, type ImageClassifierConfig, type ImageClassifierTypes} from './models/image-classifier';
export type {IntegerCompileArgs, IntegerModel} from './models/integer-targets';
export {
  LanguageModel,
  type LanguageModelConfig,
  type LanguageModelTypes,
  requireLanguageModel,
  type StreamOptions,
} from './models/language-model';
export {MaskedLanguageModel, type MaskedLanguageModelTypes} from './models/masked-language-model';
export {
  languageModel,
  languageModelFromPretrained,
  MixedLanguageModel,
  type MixedLanguageModelConfig,
  type MixedLanguageModelOptions,
} from './models/mixed-language-model';
export {type ModelKind, modelKinds} from './models/model-kind';
export {editDistance} from './models/recognized';
export {type MemoryNeededOptions, memoryNeeded, requireTrainingMemory} from './models/require-memory';
export {
  SequenceClassifier,
  type SequenceClassifierConfig,
  type SequenceClassifierTypes,
} from './models/sequence-classifier';
export {
  SequenceToSequence,
  type SequenceToSequenceConfig,
  type SequenceToSequenceTypes,
  type SourceAndTarget,
} from './models/sequence-to-sequence';
export {type ModelShape, type Proportions, requireSize, sizeTo} from './models/size-to';
export {
  SpeechRecognizer,
  type SpeechRecognizerConfig,
  type SpeechRecognizerLayers,
  type SpeechRecognizerTypes,
  type Utterances,
} from './models/speech-recognizer';
export {ignoredTarget, type TokenInput, toTokenTensor} from './models/token-input';
export {
  checkRopeScaling,
  checkTransformerFields,
  ropeScalingField,
  type TransformerFieldOptions,
  type TransformerFields,
  type TransformerStyle,
  transformerFields,
  transformerStyles,
  usualHeads,
} from './models/transformer-fields';
export {countTransformer, transformerStages} from './models/transformer-stages';
export {
  type AnyTypes,
  type Example,
  type LossOptions,
  type ModelGraph,
  type ModelIdentity,
  type ModelTypes,
  type Score,
  VariantModel,
  type VariantModelConfig,
} from './models/variant-model';
export {nearestName} from './nearest-name';
export {Random, type RandomState} from './random';
export {recomputedGradients} from './recomputed-gradients';
export {shown} from './shown';
export {type StartOptions, start} from './start';
export {originOf, type StateOrigin} from './streams/state-origin';
export {mapState, type StateTree, walkState} from './streams/state-tree';
export {
  type Carried,
  type Passed,
  requireState,
  requireWithin,
  StreamState,
  type StreamStep,
} from './streams/stream-state';
export type {StreamDecoder, Tokenizer} from './tokenizer';

registerFileUrls();
freeTapeOfErrors();

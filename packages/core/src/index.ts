export {byteDecoding} from './byte-decoding';
export {type ByteSource, bufferSource, fileSource, readAll} from './checkpoints/bytes';
export {type Checkpoint, type OpenOptions, openCheckpoint} from './checkpoints/checkpoint';
export {type CheckpointSummary, inspect} from './checkpoints/inspect';
export type {CheckpointLayout, CheckpointModel, TensorMapping} from './checkpoints/layout';
export {type LoadOptions, loadCheckpoint, loadFromCheckpoint} from './checkpoints/load';
export {toAuthorsNames} from './checkpoints/names';
export {type FileSource, readFileSource} from './checkpoints/one-file';
export {type FileChunks, replaceFiles} from './checkpoints/replace-files';
export {readSafetensors} from './checkpoints/safetensors';
export {writeSafetensors} from './checkpoints/safetensors-write';
export {type CheckpointFiles, checkpointFiles, type SaveOptions, saveCheckpoint} from './checkpoints/save';
export {type CheckpointBuffers, type CheckpointSource, openFiles} from './checkpoints/sources';
export type {CheckpointFormat, StoredTensor, WeightFile} from './checkpoints/weight-file';
export {CheckpointError, ConfigError, DataError, EngineError, ShapeError, VariantsError} from './errors';
export {nextTask} from './event-loop';
export {type HuggingFaceTokenizer, huggingFaceTokenizer} from './hugging-face-tokenizer';
export {type AdamWNumbers, type AdamWState, type AdamWWeight, adamWStep} from './kernels/adam-w-step';
export {appendRows} from './kernels/append-rows';
export {type AttentionOptions, type AttentionOutputs, attention} from './kernels/attention';
export {blockDiagonalMatMul} from './kernels/block-diagonal-mat-mul';
export {defineKernel, type KernelCall, type KernelDefinition, type KernelTensors} from './kernels/define-kernel';
export {type DeltaRuleOptions, deltaRule} from './kernels/delta-rule';
export {type DepthwiseConvolution1dOptions, depthwiseConvolution1d} from './kernels/depthwise-convolution-1d';
export {embeddingLookup} from './kernels/embedding-lookup';
export {gelu} from './kernels/gelu';
export {globalNorm} from './kernels/global-norm';
export {type LayerNormWeights, layerNorm} from './kernels/layer-norm';
export {type LinearRecurrenceOptions, linearRecurrence} from './kernels/linear-recurrence';
export {type LongConvolutionOptions, longConvolution} from './kernels/long-convolution';
export {type ConvolutionState, type OnlineConvolutionOptions, onlineConvolution} from './kernels/online-convolution';
export {inverseRealFft, realFft, type Spectrum} from './kernels/real-fft';
export {rmsNorm} from './kernels/rms-norm';
export {
  type RotaryPairing,
  type RotaryTables,
  rotaryEmbedding,
  rotaryFrequencies,
  rotaryTables,
} from './kernels/rotary-embedding';
export {type CrossEntropyOptions, softmaxCrossEntropy} from './kernels/softmax-cross-entropy';
export {
  type WeightedAverageOptions,
  type WeightedAverageState,
  weightedAverageScan,
} from './kernels/weighted-average-scan';
export * from './layers';
export {continueConvolution, type FilteredState} from './layers/continue-convolution';
export {assertFitsMemory} from './models/assert-fits-memory';
export type {ArchitectureCard, SizeRequest} from './models/card';
export {type Field, type Fields, fields, requireConfig, resolveFields} from './models/config';
export type {SequenceToSequenceLayers} from './models/connect-sequences';
export type {GenerateOptions, TextOptions} from './models/generate-options';
export type {TargetOptions} from './models/generate-target';
export {LanguageModel, type LanguageModelConfig, type StreamOptions} from './models/language-model';
export {
  SequenceClassifier,
  type SequenceClassifierConfig,
  type SequenceClassifierLayers,
} from './models/sequence-classifier';
export {SequenceToSequence, type SequenceToSequenceConfig} from './models/sequence-to-sequence';
export {type ModelShape, type Proportions, sizeToFit} from './models/size-to-fit';
export {mapState, type StateTree, walkState} from './models/state-tree';
export {type Advanced, requireWithin, StreamState} from './models/stream-state';
export {ignoredTarget, type TokenInput, toTokenTensor} from './models/token-input';
export {compileForTokens, type TokenCompileArgs, type TokenTargets} from './models/token-targets';
export {Random, type RandomState} from './random';
export {type StartOptions, start} from './start';
export {byteTokenizer, type StreamDecoder, type Tokenizer} from './tokenizer';

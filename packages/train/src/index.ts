export {
  type Batch,
  type BatchSource,
  type EachBatchOptions,
  eachBatch,
  type SourceNeeds,
  type TokenBatch,
} from './data/batch-source';
export type {IdRows} from './data/id-rows';
export {type ImageBatch, type Images, type LabelledImagesOptions, labelledImages} from './data/labelled-images';
export {type LabelledBatch, type LabelledSequencesOptions, labelledSequences} from './data/labelled-sequences';
export {type MaskedWindows, type MaskedWindowsOptions, maskedWindows} from './data/masked-windows';
export {readText, type TextSource} from './data/read-text';
export type {RowOptions} from './data/row-order';
export {type PairBatch, type SequencePair, type SequencePairsOptions, sequencePairs} from './data/sequence-pairs';
export {type SplitText, type SplitTextOptions, splitText} from './data/split-text';
export {type TextWindows, type TextWindowsOptions, textWindows, type WindowSource} from './data/text-windows';
export type {TokenArray, TokenIds} from './data/token-ids';
export {
  orderedWindows,
  randomWindows,
  type TokenWindows,
  type TokenWindowsOptions,
} from './data/token-windows';
export {type Utterance, type UtteranceBatch, type UtterancesOptions, utterances} from './data/utterances';
export {DivergenceError} from './loop/divergence-error';
export {
  type EvaluateOptions,
  type Evaluation,
  type EvaluationConvention,
  type EvaluationSource,
  evaluate,
} from './loop/evaluate';
export {type EvaluateTaskOptions, evaluateTask} from './loop/evaluate-task';
export type {PositionUnit} from './loop/positions';
export type {ProgressStream} from './loop/progress-line';
export type {TrainingStep} from './loop/run-training';
export type {StateTarget, TrainingStateSource} from './loop/state-storage';
export {type Training, train} from './loop/train';
export type {TrainOptions} from './loop/train-options';
export {AdamW, type AdamWConfig} from './optim/adamw';
export {clipByGlobalNorm} from './optim/clip';
export {checkpointed} from './optim/gradient-checkpoint';
export {type Schedule, type ScheduleName, type ScheduleSettings, schedules} from './optim/schedules';
export type {AssociativeRecallConfig} from './tasks/associative-recall';
export type {CompressionConfig} from './tasks/compression';
export type {CopyingConfig} from './tasks/copying';
export type {Field, Fields, FieldValue, Must, TaskConfig} from './tasks/fields';
export type {FuzzyRecallConfig} from './tasks/fuzzy-recall';
export type {InContextRecallConfig} from './tasks/in-context-recall';
export type {InductionHeadsConfig} from './tasks/induction-heads';
export type {ListopsConfig} from './tasks/listops';
export type {MemorizationConfig} from './tasks/memorization';
export type {MqarConfig} from './tasks/mqar';
export type {NeedleConfig} from './tasks/needle';
export {type OverlapOptions, overlapRate} from './tasks/overlap-rate';
export type {ParityConfig} from './tasks/parity';
export type {PasskeyConfig} from './tasks/passkey';
export type {PermutationProductConfig} from './tasks/permutation-product';
export {scaledAccuracy, scoreTask, type TaskScore} from './tasks/score-task';
export type {SelectiveCopyingMadConfig} from './tasks/selective-copying-mad';
export type {SortingConfig} from './tasks/sorting';
export type {StringCopyConfig} from './tasks/string-copy';
export {
  type ExampleOptions,
  ignoreIndex,
  type Split,
  type Task,
  type TaskDefinition,
  type TaskExample,
  type TaskSize,
} from './tasks/task';
export {type TaskBatchesOptions, taskBatches} from './tasks/task-batches';
export {type TaskName, taskNamed, tasks} from './tasks/tasks';
export {wilsonInterval} from './tasks/wilson-interval';

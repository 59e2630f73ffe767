import type * as tf from '@tensorflow/tfjs';
import type {Checkpoint} from '../files/checkpoint';

/** One weight: its name in the authors' files and its name in our model. */
export interface TensorMapping {
  theirs: string;
  /** The variable's full name, `block_0/up/kernel`. */
  ours: string;
  /** The two axes are swapped: their [out, in] is our [in, out]. Default false. */
  transpose?: boolean;
  /**
   * The weight is the rows from `start` on of a tensor that has `total` of them along its first axis: the authors stack
   * several weights, which together fill all rows. Default: the weight is the whole tensor.
   */
  rows?: {start: number; total: number};
  /**
   * The tensor is `count` rows from `start` on of the weight, along its first axis with the authors' axes: the authors have
   * several tensors where we have one, such as one for each head, which together hold all rows. Default: the whole weight.
   */
  part?: {start: number; count: number};
  /**
   * The authors' rows by ours: row i of theirs, along its first axis, is row `order[i]` of ours with their axes, as where they
   * have queries, keys and values head by head. With `rows`, of the weight's own rows. Default: in the same order.
   */
  order?: readonly number[];
  /**
   * The shape in the authors' files, of the same values in the same order (that of `transpose`), such as [1, 1, hidden] for
   * our [hidden]. Files may have fewer or more axes of length 1. Default: ours.
   */
  shape?: readonly number[];
  /** The authors' values are 1 / ours, such as deviations where we have what is multiplied with. Default false. */
  reciprocal?: boolean;
  /** The authors' file may hold whole numbers in its place, as of counters, which are read as float32. Default false. */
  wholeNumbers?: boolean;
  /** A second name of the same tensor in the authors' files (tied matrices): may be missing when read, always written. Default false. */
  alias?: boolean;
}

/** How an architecture's authors (or a library) lay out a checkpoint: names of tensors and of configuration fields. */
export interface CheckpointLayout<Config> {
  /** Its name, such as 'torchscale', for `inspect` and messages. */
  name: string;
  /** Whether a checkpoint is of this layout, judged by its tensors' names, its configuration or `extra`. */
  recognizes(checkpoint: Checkpoint): boolean;
  /** The authors' configuration in our field names. */
  readConfig(checkpoint: Checkpoint): Config | Promise<Config>;
  /** Our configuration in the authors' field names: what config.json will hold. */
  writeConfig(config: Config): Record<string, unknown>;
  /** Every weight once, plus the aliases. `checkpoint` is there when one is read. */
  tensors(config: Config, checkpoint?: Checkpoint): TensorMapping[];
  /** Names of buffers in the authors' files that hold no weights. */
  ignored?: readonly RegExp[];
  /** Constants that the authors' files carry: always written, not required when read. */
  buffers?(config: Config): Record<string, {shape: number[]; data: Float32Array}>;
}

/** What can be loaded from and saved as a checkpoint. */
export interface CheckpointModel<Config> {
  readonly config: Config;
  /** How the model is saved; loading sets it to the layout of what was loaded. */
  layout: CheckpointLayout<Config>;
  readonly weights: tf.LayerVariable[];
  /** Frees the model; without it loading that fails frees the weights alone. */
  dispose?(): unknown;
}

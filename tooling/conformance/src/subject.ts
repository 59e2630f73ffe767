import type {CheckpointSource, Example, ModelKind, VariantModel} from '@variants/core';

/** How large an example is to be. */
export interface ExampleSize {
  /** Rows. */
  batch: number;
  /** Tokens of a row, of each sequence of a pair; of no meaning to images. */
  time: number;
  seed: number;
}

/** A model of an architecture, as its package hands it to the laws. */
export interface Subject {
  /** The package's name, for the titles of the tests. */
  name: string;
  /** What the model does, which decides on its laws. Default 'language-model'. */
  kind?: ModelKind;
  /**
   * Makes a small model (some 16 wide, 2 layers, a vocabulary of 8 to 32) with those fields of its configuration replaced;
   * at least `seed` must be one. Chunks and windows should be shorter than `longest`, so that sequences cross them.
   */
  create(overrides?: {[field: string]: unknown}): VariantModel;
  /**
   * Makes examples, which whoever asks disposes. Default: by the configuration, random tokens without padding, images of 8
   * by 8 pixels, as many frames of features as there would be tokens.
   */
  example?(model: VariantModel, size: ExampleSize): Example;
  /** Loads what `saveCheckpoint` writes. Without it that law is left out. */
  fromPretrained?(source: CheckpointSource): Promise<VariantModel>;
  /** Configurations that must be refused, as overrides, each with what the message must say. Default none. */
  invalid?: [overrides: {[field: string]: unknown}, message: RegExp][];
  /** The longest sequence that is tried, in tokens. Default 12, or what the model's context holds. */
  longest?: number;
  /** How far outputs of a stream may be from those of the whole sequence, relative to the largest. Default 1e-4. */
  streamTolerance?: number;
  /** Padding is to the model a token as others are, so that it leaves traces. Default false. */
  mixesPadding?: boolean;
  /** How well it must learn two examples, of sequences of 8 tokens, by heart. */
  overfit?: {
    /** Steps of Adam. Default 150. */
    steps?: number;
    /** Default 0.02. */
    learningRate?: number;
    /** The mean loss in nats that must be reached. Default 0.3. */
    below?: number;
  };
}

/** The kind of a subject's models. */
export const kindOf = ({kind = 'language-model'}: Subject): ModelKind => kind;

/** A rule that every model of some kinds keeps. */
export interface Law {
  /** What holds, as the title of a test. */
  name: string;
  /** For which kinds of models the law is. Default: for all. */
  kinds?: readonly ModelKind[];
  /** Whether the law is for this subject, beside its kind. Default: it is. */
  appliesTo?(subject: Subject): boolean;
  /** Throws where the law is broken. */
  check(subject: Subject): void | Promise<void>;
}

import type {CheckpointSource, LanguageModel} from '@variants/core';

/** An architecture's language model, as its package hands it to the laws. */
export interface Subject {
  /** The package's name, for the titles of the tests. */
  name: string;
  /**
   * Makes a small model (some 16 wide, 2 layers, a vocabulary of 8 to 32) with those fields of its configuration replaced;
   * at least `seed` must be one. Chunks and windows should be shorter than `longest`, so that sequences cross them.
   */
  create(overrides?: {[field: string]: unknown}): LanguageModel;
  /** Loads what `saveCheckpoint` writes. Without it that law is left out. */
  fromPretrained?(source: CheckpointSource): Promise<LanguageModel>;
  /** Configurations that must be refused, as overrides, each with what the message must say. Default none. */
  invalid?: [overrides: {[field: string]: unknown}, message: RegExp][];
  /** The longest sequence that is tried, in tokens. Default 12, or what the model's context holds. */
  longest?: number;
  /** How far outputs of a stream may be from those of the whole sequence, relative to the largest. Default 1e-4. */
  streamTolerance?: number;
  /** How well it must learn two sequences of 8 tokens by heart. */
  overfit?: {
    /** Steps of Adam. Default 150. */
    steps?: number;
    /** Default 0.02. */
    learningRate?: number;
    /** The mean loss in nats that must be reached. Default 0.3. */
    below?: number;
  };
}

/** A rule that every language model keeps. */
export interface Law {
  /** What holds, as the title of a test. */
  name: string;
  /** Whether the law is for this subject. Default: for all. */
  appliesTo?(subject: Subject): boolean;
  /** Throws where the law is broken. */
  check(subject: Subject): void | Promise<void>;
}

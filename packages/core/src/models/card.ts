import type {ModelKind} from './model-kind';

/** What a model is asked to be like when its size is given instead of its configuration. */
export interface SizeRequest {
  /** Wanted number of parameters, all weights counted once. */
  parameters: number;
  vocabSize: number;
  maxSequenceLength: number;
}

/** An architecture's data sheet: enough to list it, describe it and build one of a given size. */
export interface ArchitectureCard<Config = object> {
  /** The package's name without its scope: 'retnet'. */
  name: string;
  /** The architecture's name as its authors write it. */
  title: string;
  paper: {title: string; authors: string[]; year: number; url: string};
  /** The idea in one sentence. */
  idea: string;
  /** The defining equation, TeX. */
  equation: string;
  /** Costs as claimed by the paper; T = sequence length, d = width. */
  complexity: {time: string; memory: string; state: string};
  /** What its models do, one at least. */
  kinds: readonly ModelKind[];
  /** A configuration with the wanted number of parameters, within 1 %. */
  sized(request: SizeRequest): Config;
}

import {ConfigError} from '../errors';

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
  /** What can be built: 'language-model', 'encoder', 'sequence-to-sequence', 'image-classifier', 'speech'. */
  kinds: string[];
  /** A configuration with the wanted number of parameters, within 1 %. */
  sized(request: SizeRequest): Config;
}

/** One candidate shape for {@link sizeToFit}. */
export interface Candidate<Config> {
  config: Config;
  parameters: number;
}

/**
 * Of the candidates, the one closest in size to what is wanted.
 * @param candidates From the preferred proportions on: at equal distance, within 0.5 %, the first wins.
 * @throws ConfigError when none is within 1 %, naming the closest.
 */
export function sizeToFit<Config>(
  architecture: string,
  wanted: number,
  candidates: Iterable<Candidate<Config>>,
): Config {
  let best: Candidate<Config> | undefined;
  for (const candidate of candidates) {
    const distance = Math.abs(candidate.parameters - wanted);
    if (distance <= 0.005 * wanted) return candidate.config;
    if (!best || distance < Math.abs(best.parameters - wanted)) best = candidate;
  }
  if (best && Math.abs(best.parameters - wanted) <= 0.01 * wanted) return best.config;
  throw new ConfigError(
    `${architecture}: no configuration has ${wanted} parameters within 1 %${best ? `; the closest has ${best.parameters}` : ''}`,
  );
}

import * as tf from '@tensorflow/tfjs';
import {type Fields, fields, isList, requireArgument, requireRank, resolveFields, ShapeError} from '@variants/core';

/** Options of {@link ctcGreedy}. */
export interface CtcDecodeOptions {
  /** The class that stands for no label. Default 0. */
  blank: number;
  /** The frames of each utterance that are no padding. Default: all. */
  lengths: ArrayLike<number> | null;
}

/** Options of {@link ctcBeamSearch}. */
export interface CtcBeamOptions extends CtcDecodeOptions {
  /** How many beginnings are kept from frame to frame, and how many classes of a frame are looked at. Default 10. */
  beamSize: number;
}

/** A sequence of labels, and the logarithm of the probability of its alignments. */
export interface CtcHypothesis {
  labels: number[];
  logProbability: number;
}

const decodeRules: Fields<CtcDecodeOptions> = {
  blank: fields.count(0, 0),
  lengths: {allowed: 'a list of numbers of frames', accepts: (v) => v === null || isList(v), fallback: null},
};

const beamRules: Fields<CtcBeamOptions> = {...decodeRules, beamSize: fields.count(10)};

/** Labels of the likeliest class of each frame, fed frame by frame: repeats are merged and blanks dropped. */
export class GreedyCtc {
  private before: number;

  /** @param blank The class that stands for no label. Default 0. */
  constructor(private readonly blank = 0) {
    this.before = blank;
  }

  /**
   * The labels that come with further frames.
   * @param classes The likeliest class of each.
   */
  push(classes: ArrayLike<number>): number[] {
    const labels: number[] = [];
    for (let t = 0; t < classes.length; t++) {
      if (classes[t] !== this.before && classes[t] !== this.blank) labels.push(classes[t]);
      this.before = classes[t];
    }
    return labels;
  }
}

/** log(e^a + e^b) */
function logAdd(a: number, b: number): number {
  const high = Math.max(a, b);
  return high === -Infinity ? high : high + Math.log1p(Math.exp(Math.min(a, b) - high));
}

/** A beginning of a sequence of labels: its last label and what is before it. */
class Prefix {
  private readonly next = new Map<number, Prefix>();
  /** Log probability of the alignments so far that end in a blank, and of those that end in its last label. */
  blank = -Infinity;
  label = -Infinity;
  /** The same with the frame that is being added. */
  nextBlank = -Infinity;
  nextLabel = -Infinity;
  /** Of both. */
  total = -Infinity;

  constructor(
    readonly last: number,
    readonly before: Prefix | null,
  ) {}

  followedBy(label: number): Prefix {
    const known = this.next.get(label);
    if (known) return known;
    const made = new Prefix(label, this);
    this.next.set(label, made);
    return made;
  }

  /** Takes the added frame over. */
  advance(): void {
    [this.blank, this.label] = [this.nextBlank, this.nextLabel];
    [this.nextBlank, this.nextLabel] = [-Infinity, -Infinity];
    this.total = logAdd(this.blank, this.label);
  }

  /** Is no hypothesis any more: it may become one again, and is forgotten unless others begin with it. */
  drop(): void {
    [this.blank, this.label, this.total] = [-Infinity, -Infinity, -Infinity];
    // Else a stream would remember all that it ever looked at.
    for (let prefix: Prefix = this; prefix.before && prefix.isIdle; prefix = prefix.before)
      prefix.before.next.delete(prefix.last);
  }

  private get isIdle(): boolean {
    return this.total === -Infinity && this.next.size === 0;
  }

  get labels(): number[] {
    const labels: number[] = [];
    for (let prefix: Prefix = this; prefix.before; prefix = prefix.before) labels.unshift(prefix.last);
    return labels;
  }
}

/** Prefix beam search (Hannun et al. 2014), fed frame by frame, see {@link ctcBeamSearch}. */
export class CtcBeam {
  private beam: Prefix[];

  private readonly options: {beamSize: number; blank: number};

  /** @throws ConfigError for an option that is none. */
  constructor(options: {beamSize: number; blank: number}) {
    const {blank, beamSize} = beamRules;
    this.options = resolveFields('CtcBeam', {blank, beamSize}, options);
    const empty = new Prefix(-1, null);
    empty.nextBlank = 0;
    empty.advance();
    this.beam = [empty];
  }

  /** @param logProbabilities Of all classes in the next frame. */
  push(logProbabilities: ArrayLike<number>): void {
    const {beamSize, blank} = this.options;
    const touched = new Set<Prefix>();
    const addBlank = (prefix: Prefix, p: number) => {
      prefix.nextBlank = logAdd(prefix.nextBlank, p);
      touched.add(prefix);
    };
    const addLabel = (prefix: Prefix, p: number) => {
      prefix.nextLabel = logAdd(prefix.nextLabel, p);
      touched.add(prefix);
    };
    for (const token of likeliest(logProbabilities, beamSize)) {
      const p = logProbabilities[token];
      for (const prefix of this.beam) {
        if (token === blank) addBlank(prefix, prefix.total + p);
        else if (token === prefix.last) {
          addLabel(prefix, prefix.label + p);
          addLabel(prefix.followedBy(token), prefix.blank + p);
        } else addLabel(prefix.followedBy(token), prefix.total + p);
      }
    }
    for (const prefix of touched) prefix.advance();
    const ranked = [...touched].filter(({total}) => total > -Infinity).sort((a, b) => b.total - a.total);
    const kept = new Set(ranked.slice(0, beamSize));
    for (const prefix of [...this.beam, ...touched]) if (!kept.has(prefix)) prefix.drop();
    this.beam = [...kept];
  }

  /** The best sequences so far, the likeliest first. */
  get hypotheses(): CtcHypothesis[] {
    return this.beam
      .map((prefix) => ({labels: prefix.labels, logProbability: prefix.total}))
      .sort((a, b) => b.logProbability - a.logProbability);
  }
}

/** The places of the largest values, the largest first. */
function likeliest(values: ArrayLike<number>, count: number): number[] {
  const places = Array.from(values, (_, i) => i);
  return places.sort((a, b) => values[b] - values[a] || a - b).slice(0, count);
}

/**
 * The labels of the likeliest alignment of each utterance: the first of the largest class of each frame, repeats merged, blanks
 * dropped.
 * @param logits [batch, frames, classes], logits or log probabilities.
 * @throws ShapeError for another shape; ConfigError for an option.
 */
export async function ctcGreedy(logits: tf.Tensor, options: Partial<CtcDecodeOptions> = {}): Promise<number[][]> {
  const {blank, lengths} = resolveFields('ctcGreedy', decodeRules, options);
  const frames = framesOf('ctcGreedy', logits, blank, lengths);
  const classes = tf.tidy(() => logits.argMax(-1));
  try {
    const values = await classes.data();
    const time = logits.shape[1] as number;
    return frames.map((count, row) => new GreedyCtc(blank).push(values.subarray(row * time, row * time + count)));
  } finally {
    classes.dispose();
  }
}

/**
 * The likeliest sequences of labels of each utterance by prefix beam search: alignments that give the same labels are added
 * up, of which greedy decoding sees one. Of each frame only the `beamSize` likeliest classes are looked at, the blank among
 * them, and only as many beginnings are kept: a probability is that of the alignments that were left, so at most the true
 * one.
 * @param logits [batch, frames, classes], logits or log probabilities.
 * @returns At most `beamSize` hypotheses for each, the likeliest first.
 * @throws ShapeError for another shape; ConfigError for an option.
 */
export async function ctcBeamSearch(
  logits: tf.Tensor,
  options: Partial<CtcBeamOptions> = {},
): Promise<CtcHypothesis[][]> {
  const {blank, lengths, beamSize} = resolveFields('ctcBeamSearch', beamRules, options);
  const frames = framesOf('ctcBeamSearch', logits, blank, lengths);
  const logProbabilities = tf.tidy(() => logits.logSoftmax());
  try {
    const values = await logProbabilities.data();
    const [, time, classes] = logits.shape as [number, number, number];
    return frames.map((count, row) => {
      const beam = new CtcBeam({beamSize, blank});
      for (let t = row * time; t < row * time + count; t++) beam.push(values.subarray(t * classes, (t + 1) * classes));
      return beam.hypotheses;
    });
  } finally {
    logProbabilities.dispose();
  }
}

/** The frames of each utterance. */
function framesOf(owner: string, logits: tf.Tensor, blank: number, lengths: ArrayLike<number> | null): number[] {
  requireRank(owner, {logits}, '[batch, frames, classes]');
  const [batch, time, classes] = logits.shape as [number, number, number];
  requireArgument(owner, 'blank', blank, blank < classes, `a class, 0 to ${classes - 1}`);
  if (!lengths) return Array(batch).fill(time);
  if (lengths.length !== batch)
    throw new ShapeError(`${owner}: lengths are ${lengths.length}, but must be one for each of ${batch} utterances`);
  return Array.from(lengths, (length) => {
    requireArgument(
      owner,
      'a length',
      length,
      Number.isInteger(length) && length >= 0 && length <= time,
      `0 to ${time}`,
    );
    return length;
  });
}

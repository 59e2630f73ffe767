import * as tf from '@tensorflow/tfjs';
import {mapState, type StateTree, walkState} from './state-tree';
import type {StreamStep} from './stream-state';

/** What a step on tensors gives: its output, and the state as it is afterwards. */
export interface StepResult {
  output: tf.Tensor;
  state: tf.Tensor[];
}

/** A step on tensors, of an input and a state; and whether the state that it gives has the form of the one before. */
export type TensorStep = (input: tf.Tensor, state: tf.Tensor[]) => StepResult & {keepsForm: boolean};

/** A step that a backend can take again without the program that computed it. */
export interface RecordedStep {
  /** Whether all that the step read beside its input and its state is where it was. */
  isValid(): boolean;
  /** Takes the step on other values of the same shapes; null, and nothing is done, when there is no memory for it. */
  run(input: tf.Tensor, state: tf.Tensor[]): StepResult | null;
  dispose(): void;
}

/** A backend that records steps. */
export interface RecordingBackend extends tf.KernelBackend {
  /**
   * Computes a step; `recording` is null when jobs alone cannot do what it does.
   * @param beside A record of another step on states of the same form: both keep them in the same places, so that the one
   *   goes on where the other ended.
   */
  record(
    input: tf.Tensor,
    state: tf.Tensor[],
    step: TensorStep,
    beside?: RecordedStep,
  ): StepResult & {recording: RecordedStep | null};
}

/** Computes the next state and the output of a stream from its tokens and its state. */
export type TakeStep = (tokens: tf.Tensor, tree: StateTree) => StreamStep;

/**
 * Takes the steps of a stream, and from the second of the same shapes on has the backend record them, where it can. It knows
 * nothing of what a step computes: any that is made of tensors alone, whose state keeps its shapes, is taken faster, to the
 * same bits. Steps that look at values, or whose state holds numbers, are computed each time.
 *
 * Where not all steps of a stream do the same work there is a record for each kind of them. They have the state in common.
 */
export class StepRecorder {
  /** By the kind of step; null where steps of that kind cannot be recorded. */
  private readonly recordings = new Map<string, RecordedStep | null>();
  /** What the shapes of the step before were. */
  private shapes = '';
  private weightsBefore: tf.DataId[] = [];
  /** The tree that the last step gave, in most cases the one that comes back, with what is known of it. */
  private last: Tree = {tree: null, form: undefined, leaves: []};

  /** @param weights What the steps read and a program may set; a recording of others is made anew. */
  constructor(private readonly weights: () => readonly tf.Tensor[]) {}

  /**
   * @param key What else the shapes of a step depend on.
   * @param kind What else its work depends on. Default: nothing, all steps of these shapes do the same.
   */
  advance(tokens: tf.Tensor, tree: StateTree, key: string, step: TakeStep, kind = ''): StreamStep {
    const backend = tf.backend() as Partial<RecordingBackend>;
    const {form, leaves} = tree === this.last.tree ? this.last : described(tree);
    // A gradient goes through what tfjs saw being computed.
    if (!backend.record || !form || tf.engine().state.gradientDepth > 0) return step(tokens, tree);
    const shapes = `${key}; ${tokens.shape}; ${form}`;
    if (shapes !== this.shapes) {
      // A state that has grown goes on growing; any other step may be the only one of its shapes.
      const goesOn = this.oneRecorded !== undefined && this.last.tree === tree;
      this.dispose();
      this.shapes = shapes;
      if (!goesOn) return step(tokens, tree);
    }
    let recording = this.recordings.get(kind);
    if (recording === null) return step(tokens, tree);
    // Another that goes on where these ended must find them as they were, too.
    const known = recording ?? this.oneRecorded;
    if (known && !(known.isValid() && this.hasSameWeights())) {
      this.letGo();
      recording = undefined;
    }
    if (!recording) return this.record(backend as RecordingBackend, tokens, {tree, form, leaves}, step, kind);
    const result = recording.run(tokens, leaves);
    if (result === null) {
      this.dispose();
      return step(tokens, tree);
    }
    const {output, state} = result;
    const isSame = state.every((tensor, i) => tensor === leaves[i]);
    this.last = {tree: isSame ? tree : withLeaves(tree, state), form, leaves: state};
    return {output, state: this.last.tree};
  }

  /** Lets go of what is recorded, and forgets what cannot be. */
  dispose(): void {
    this.letGo();
    this.recordings.clear();
  }

  /** Any of the recordings, where there is one. */
  private get oneRecorded(): RecordedStep | undefined {
    for (const recording of this.recordings.values()) if (recording) return recording;
    return undefined;
  }

  private letGo(): void {
    for (const [kind, recording] of this.recordings)
      if (recording) {
        recording.dispose();
        this.recordings.delete(kind);
      }
    this.last = {tree: null, form: undefined, leaves: []};
  }

  private record(
    backend: RecordingBackend,
    tokens: tf.Tensor,
    {tree, form, leaves}: Tree,
    step: TakeStep,
    kind: string,
  ): StreamStep {
    let after: StateTree = null;
    const {recording, output, state} = backend.record(
      tokens,
      leaves,
      (input, own) => {
        const advanced = step(input, withLeaves(tree, own));
        after = advanced.state;
        return {output: advanced.output, state: leavesOf(after), keepsForm: outline(after) === form};
      },
      this.oneRecorded,
    );
    this.recordings.set(kind, recording);
    this.weightsBefore = this.weights().map(({dataId}) => dataId);
    return {output, state: recording ? withLeaves(tree, state) : after};
  }

  private hasSameWeights(): boolean {
    return this.weights().every(({dataId}, i) => dataId === this.weightsBefore[i]);
  }
}

/** A tree, its form, and its tensors in order. */
interface Tree {
  tree: StateTree;
  form: string | undefined;
  leaves: tf.Tensor[];
}

const described = (tree: StateTree): Tree => ({tree, form: outline(tree), leaves: leavesOf(tree)});

/** A tree's tensors, in order. */
function leavesOf(tree: StateTree): tf.Tensor[] {
  const leaves: tf.Tensor[] = [];
  walkState(tree, (leaf) => leaf instanceof tf.Tensor && leaves.push(leaf));
  return leaves;
}

/** The tree with other tensors, in order. */
function withLeaves(tree: StateTree, tensors: tf.Tensor[]): StateTree {
  let i = 0;
  return mapState(tree, (leaf) => (leaf instanceof tf.Tensor ? tensors[i++] : leaf));
}

/** A tree's paths, shapes and types as text; undefined where it holds numbers. */
function outline(tree: StateTree): string | undefined {
  const parts: string[] = [];
  let hasNumbers = false;
  walkState(tree, (leaf, path) => {
    if (leaf instanceof tf.Tensor) parts.push(`${path} ${leaf.dtype} ${leaf.shape}`);
    else hasNumbers = true;
  });
  return hasNumbers ? undefined : parts.join('; ');
}

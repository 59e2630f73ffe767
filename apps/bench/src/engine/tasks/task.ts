/** The size of a LLaMA-shaped model with a tied head. */
export interface ModelSize {
  vocabSize: number;
  hiddenSize: number;
  numLayers: number;
  /** hiddenSize / numHeads features each. */
  numHeads: number;
  intermediateSize: number;
}

/**
 * What is computed, by name of the operation, with all that it depends on; numbers are float32 unless said. Every peer
 * computes it of the same numbers (see `values.ts`), so that results can be compared.
 */
interface Tasks {
  /** As many multiplications and additions of what is in registers, by one instruction where there is one: the peak. */
  multiplyAdd: {operations: number};
  /** a · b, batched over the axes before the last two; each may be stored transposed. */
  matMul: {a: readonly number[]; b: readonly number[]; transposeA: boolean; transposeB: boolean};
  /** Over the last axis. */
  softmax: {shape: readonly number[]};
  /** Over the last axis, with weight and bias. */
  layerNorm: {shape: readonly number[]};
  /** With tanh. */
  gelu: {shape: readonly number[]};
  exp: {shape: readonly number[]};
  /** sigmoid(x a + b) x + b, with a and b of the last axis. */
  chain: {shape: readonly number[]};
  transpose: {shape: readonly number[]; axes: readonly number[]};
  /** Over one axis, or null: over all. */
  sum: {shape: readonly number[]; axis: number | null};
  max: {shape: readonly number[]; axis: number | null};
  argMax: {shape: readonly number[]; axis: number};
  /** Along the last axis, of complex numbers. */
  fft: {shape: readonly number[]};
  /** Along the last axis, of real numbers: half of the spectrum. */
  realFft: {shape: readonly number[]};
  /**
   * A causal convolution of x [batch, time, channels] with a filter as long as it is, [time, channels], and the gradients by
   * x and the filter of the sum of the output times another tensor.
   */
  longConvolution: {shape: readonly number[]};
  /** Causal; [batch, heads, time, size]. */
  attention: {shape: readonly number[]};
  /** The same with the gradients by queries, keys and values of the sum of the output times another tensor. */
  attentionGradient: {shape: readonly number[]};
  /**
   * RWKV-4's running average of values, [batch, time, channels], with the gradients by keys and values of the sum of the
   * output times another tensor.
   */
  weightedAverageScan: {shape: readonly number[]};
  /** Linear attention with a decay of each position, [batch, time, heads, size], with gradients likewise. */
  linearRecurrence: {shape: readonly number[]};
  /** The same with RWKV-7's generalised delta rule. */
  deltaRule: {shape: readonly number[]};
  /**
   * The mean of the losses of connectionist temporal classification of logits [batch, time, classes], with so many labels in
   * each row, and the gradient by logits.
   */
  ctcLoss: {shape: readonly number[]; labels: number};
  /** One step of training a language model: loss, gradients, Adam. */
  trainingStep: {model: ModelSize; batch: number; time: number};
  /** As many tokens, one after the other, each the likeliest, behind a prompt of one. */
  decode: {model: ModelSize; tokens: number};
}

/** Name of an operation. */
export type Operation = keyof Tasks;

/** What is computed. */
export type TaskOf<Name extends Operation> = {operation: Name} & Tasks[Name];
export type Task = {[Name in Operation]: TaskOf<Name>}[Operation];

/** What a task needs at least, to say how near a time is to what is possible. */
export interface Work {
  /** Floating-point operations; a multiplication with an addition counts as two, a division as one. */
  operations: number;
  /** Bytes read once and written once. */
  bytes: number;
}

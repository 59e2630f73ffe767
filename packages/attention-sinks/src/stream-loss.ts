import * as tf from '@tensorflow/tfjs';
import {
  DataError,
  fields,
  type LanguageModel,
  nextTask,
  requireLanguageModel,
  requireOptions,
  resolveFields,
  type StreamState,
  type TokenInput,
  toTokenTensor,
} from '@variants/core';

/** Options of {@link streamLoss}. */
export interface StreamLossOptions {
  /** Tokens in one pass. More take more memory; what comes out is the same. Default 4096. */
  pieceLength?: number;
}

/** How well a stream is predicted. */
export interface StreamLoss {
  /** Mean of -log p of the next token, in nats. */
  loss: number;
  /** exp loss. */
  perplexity: number;
  /** Predicted tokens. */
  tokens: number;
}

/**
 * The perplexity of a long text, as a stream sees it token by token, in as few passes as its pieces: one, where `pieceLength`
 * is the text's length. A pass over many tokens gives what the steps would, since a token sees the sinks and a band.
 * @param model Any causal language model without a limit of its own, such as one with attention sinks.
 * @param tokens [batch, time], two or more in a row.
 */
export async function streamLoss(
  model: LanguageModel,
  tokens: TokenInput,
  options: StreamLossOptions = {},
): Promise<StreamLoss> {
  requireLanguageModel('streamLoss', model);
  requireOptions('streamLoss', options, ['pieceLength']);
  const {pieceLength} = resolveFields<Required<StreamLossOptions>>(
    'streamLoss',
    {pieceLength: fields.count(4096)},
    options,
  );
  const ids = tf.tidy(() => toTokenTensor(tokens, 'streamLoss: tokens', model.config.vocabSize));
  const [batch, time] = ids.shape;
  let state: StreamState | null = null;
  let nats = 0;
  try {
    if (time < 2) throw new DataError('streamLoss: one token alone has no next token to predict; give two or more');
    for (let start = 0; start < time - 1; start += pieceLength) {
      const length = Math.min(pieceLength, time - 1 - start);
      const step = pieceLoss(model, ids, start, length, state);
      state = step.state;
      nats += (await step.mean.data())[0] * length;
      step.mean.dispose();
      await nextTask();
    }
  } finally {
    ids.dispose();
    state?.dispose();
  }
  const loss = nats / (time - 1);
  return {loss, perplexity: Math.exp(loss), tokens: batch * (time - 1)};
}

/** The mean loss of a piece, and the state after it. */
function pieceLoss(
  model: LanguageModel,
  ids: tf.Tensor2D,
  start: number,
  length: number,
  before: StreamState | null,
): {mean: tf.Scalar; state: StreamState} {
  const piece = (from: number) => ids.slice([0, from], [-1, length]);
  const inputs = piece(start);
  try {
    const {logits, state} = model.stream(inputs, before);
    const mean = tf.tidy(() => model.criterion(logits, piece(start + 1)));
    logits.dispose();
    return {mean, state};
  } finally {
    inputs.dispose();
  }
}

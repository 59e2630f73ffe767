/**
 * MEGABYTE's equations (1) to (6) (arXiv 2305.07185, section 2), K patches of P tokens:
 *
 *     h_t     = global_embed[x_t] + positions_t                                    [D_G]
 *     g_k     = h of patch k - 1, put together; g_0 = global_pad                   [P · D_G]
 *     G       = global([g_0, g_1, ...])                                            viewed as [K, P, D_G]
 *     l_k,p   = W G_k,p + local_embed[x_{k,p-1}];   l_k,0 = W G_k,0 + local_pad    [D_L]
 *     L_k     = local([l_k,0, ..., l_k,P-1]),   logits of x_k,p = local_embed · L_k,p
 *
 * The first token of a patch is so predicted from the global model alone, which has seen all patches before it. In the form
 * of the code in use ({@link Stage}) the local model of the patch before predicts it.
 */
import * as tf from '@tensorflow/tfjs';
import {
  appendRows,
  CausalLayer,
  embeddingLookup,
  type ForwardOptions,
  Linear,
  normal,
  requireWithin,
  ShapeError,
  type StateTree,
  type StreamStep,
  TokenEmbedding,
  tokenPositions,
} from '@variants/core';
import {intoPatches} from '../patches';
import {refuseMasks} from '../refuse-masks';
import type {MegabytePaperConfig} from './config';
import {PaperTransformer} from './paper-transformer';

/** Options of {@link PaperStages}. */
export type PaperStagesConfig = Omit<MegabytePaperConfig, 'seed' | 'padToken'>;

/** What a stream remembers. */
type PaperState = {
  global: StateTree;
  local: StateTree;
  /** [] int32: patches that are complete. */
  patches: tf.Tensor;
  /** Tokens of the patch under way [batch, 1, P, 1], float32 as caches are, with room for all. */
  tokens: tf.Tensor;
  /** [] int32: how many of them there are. */
  length: tf.Tensor;
  /** W G of the patch under way, [batch, P, D_L]. */
  conditions: tf.Tensor;
};

/**
 * The global and the local model, from tokens [batch, time] to [batch, time, D_L]: what it gives at a token predicts the next
 * one. Children `global_embedding`, `global`, `to_local` [D_G, D_L], `local_embedding`, `local`; weights `positions`
 * [longest, D_G], `global_pad` [P, D_G], `local_pad` [D_L].
 */
export class PaperStages extends CausalLayer<PaperStagesConfig> {
  static readonly className = 'MegabytePaperStages';
  private globalEmbedding!: TokenEmbedding;
  private positions!: tf.LayerVariable;
  private globalPad!: tf.LayerVariable;
  private globalModel!: PaperTransformer;
  private toLocal!: Linear;
  /** The local model's embedding, which the head shares. */
  localEmbedding!: TokenEmbedding;
  private localPad!: tf.LayerVariable;
  private localModel!: PaperTransformer;

  override build(): void {
    const {vocabSize, patchSize, maxSequenceLength, globalSize, localSize, normEpsilon, dropout} = this.config;
    const {numGlobalLayers, numGlobalHeads, globalIntermediateSize} = this.config;
    const {numLocalLayers, numLocalHeads, localIntermediateSize} = this.config;
    const small = normal(0.02);
    const embedding = (hiddenSize: number) => new TokenEmbedding({vocabSize, hiddenSize}, small);
    this.globalEmbedding = this.child('global_embedding', embedding(globalSize), [null, null]);
    this.positions = this.weight('positions', [maxSequenceLength, globalSize], small);
    this.globalPad = this.weight('global_pad', [patchSize, globalSize], small);
    const global = new PaperTransformer({
      ...{numLayers: numGlobalLayers, numHeads: numGlobalHeads, intermediateSize: globalIntermediateSize},
      // Behind the last patch there is still a token to be predicted.
      ...{normEpsilon, dropout, maxSequenceLength: maxSequenceLength / patchSize + 1},
    });
    this.globalModel = this.child('global', global, [null, null, patchSize * globalSize]);
    const toLocal = new Linear({units: localSize, useBias: false}, {kernel: small});
    this.toLocal = this.child('to_local', toLocal, [null, null, globalSize]);
    this.localEmbedding = this.child('local_embedding', embedding(localSize), [null, null]);
    this.localPad = this.weight('local_pad', [localSize], small);
    const local = new PaperTransformer({
      ...{numLayers: numLocalLayers, numHeads: numLocalHeads, intermediateSize: localIntermediateSize},
      ...{normEpsilon, dropout, maxSequenceLength: patchSize},
    });
    this.localModel = this.child('local', local, [null, null, localSize]);
  }

  override get contextLength(): number {
    return this.config.maxSequenceLength;
  }

  /** The last token of a patch takes a position of the global model, too. */
  override stepKind(fed: number): string {
    const {patchSize} = this.config;
    return fed % patchSize === patchSize - 1 ? 'patch' : '';
  }

  override forward(tokens: tf.Tensor, options: ForwardOptions): tf.Tensor {
    refuseMasks(this.path, options);
    const [batch, time] = tokens.shape as number[];
    requireWithin(this.contextLength, time, this.path);
    const ids = tokens.toInt();
    const global = this.global(ids, options);
    const count = global.shape[1] as number;
    const {patchSize, localSize} = this.config;
    // Of sequences within the first patch, no more than is there.
    const places = count > 1 ? patchSize : time + 1;
    const patches = intoPatches(ids, count * patchSize).reshape([batch * count, patchSize]);
    const conditions = this.conditionsOf(global).reshape([batch * count, patchSize, localSize]);
    const output = this.localModel.forward(
      this.localInputs(patches.slice([0, 0], [-1, places - 1]), conditions),
      options,
    );
    return output.reshape([batch, count * places, localSize]).slice([0, 1, 0], [batch, time, localSize]);
  }

  /**
   * What the global model gives for each patch that is begun or about to begin: [batch, floor(time / P) + 1, P · D_G].
   * @param tokens [batch, time] int32
   */
  global(tokens: tf.Tensor, options: ForwardOptions): tf.Tensor {
    const {patchSize} = this.config;
    const [batch, time] = tokens.shape as number[];
    const complete = tokens.slice([0, 0], [batch, patchSize * Math.floor(time / patchSize)]);
    return this.globalModel.forward(this.globalSequence(complete), options);
  }

  advance(tokens: tf.Tensor, state: StateTree | null, options: ForwardOptions): StreamStep {
    refuseMasks(this.path, options);
    const before = state as PaperState | null;
    const [batch] = tokens.shape as number[];
    const [batchBefore] = before?.tokens.shape ?? [batch];
    if (batch !== batchBefore)
      throw new ShapeError(`${this.path}: a batch of ${batch} cannot continue a stream of a batch of ${batchBefore}`);
    const ids = tokens.toInt();
    if (before) return this.goOn(ids, before, options);
    const {output, state: after} = this.begin(ids, null, options);
    return {output: output.slice([0, 1, 0], [batch, tokens.shape[1] as number, -1]), state: after};
  }

  /** What predicts the first token, [batch, 1, D_L]. */
  beforeAll(batch: number): tf.Tensor {
    return this.begin(tf.zeros([batch, 0], 'int32'), null, {training: false}).output;
  }

  /** Tokens behind others. */
  private goOn(tokens: tf.Tensor, before: PaperState, options: ForwardOptions): StreamStep {
    const {patchSize} = this.config;
    const [batch, time] = tokens.shape as number[];
    const place = (options.fed ?? 0) % patchSize;
    // The last token of a patch is not read by its local model, which predicts nothing behind it.
    const inside = Math.min(time, patchSize - 1 - place);
    const rest = tokens.slice([0, 0], [batch, Math.min(time, inside + 1)]);
    let state: PaperState = {...before, ...withTokens(before.tokens, rest, before.length as tf.Scalar)};
    const outputs: tf.Tensor[] = [];
    if (inside > 0) {
      const places = tokenPositions(inside, before.length.reshape([1, 1])).reshape([inside]);
      const at = places.add(tf.scalar(1, 'int32')) as tf.Tensor1D;
      const x = this.localEmbedding
        .forward(tokens.slice([0, 0], [batch, inside]))
        .add(tf.gather(before.conditions, at, 1));
      const step = this.localModel.advance(x, before.local, {...options, capacity: patchSize});
      outputs.push(step.output);
      state = {...state, local: step.state};
    }
    if (inside === time) return {output: outputs[0], state};
    const step = this.begin(tokens.slice([0, inside + 1], [batch, time - inside - 1]), state, options);
    return {output: tf.concat([...outputs, step.output], 1), state: step.state};
  }

  /**
   * Begins patches: that of the first of these tokens, which may be none, and all behind it. Gives an output more than there
   * are tokens, the first for the first of them.
   * @param before The state with all tokens of the patch before; null at the start.
   */
  private begin(
    tokens: tf.Tensor,
    before: PaperState | null,
    {capacity = this.contextLength, ...options}: ForwardOptions,
  ): StreamStep<tf.Tensor> & {state: PaperState} {
    const {patchSize, localSize} = this.config;
    const [batch, time] = tokens.shape as number[];
    const whole = Math.floor(time / patchSize);
    const begun = tokens.slice([0, 0], [batch, whole * patchSize]);
    const last = before?.tokens.reshape([batch, patchSize]).toInt();
    const x = last
      ? this.globalInputs(tf.concat([last, begun], 1), before?.patches as tf.Tensor)
      : this.globalSequence(begun);
    const room = Math.floor(capacity / patchSize) + 1;
    const global = this.globalModel.advance(x, before?.global ?? null, {...options, capacity: room});
    const conditions = this.conditionsOf(global.output);
    const outputs: tf.Tensor[] = [];
    if (whole > 0) {
      const given = conditions.slice([0, 0, 0, 0], [batch, whole, -1, -1]).reshape([-1, patchSize, localSize]);
      const patches = begun.reshape([batch * whole, patchSize]).slice([0, 0], [-1, patchSize - 1]);
      const output = this.localModel.forward(this.localInputs(patches, given), options);
      outputs.push(output.reshape([batch, whole * patchSize, localSize]));
    }
    const own = conditions.slice([0, whole, 0, 0], [batch, 1, -1, -1]).reshape([batch, patchSize, localSize]);
    const rest = tokens.slice([0, whole * patchSize], [batch, time - whole * patchSize]);
    const local = this.localModel.advance(this.localInputs(rest, own), null, {...options, capacity: patchSize});
    outputs.push(local.output);
    const patches = tf.scalar(whole + (before ? 1 : 0), 'int32');
    const state: PaperState = {
      global: global.state,
      local: local.state,
      patches: before ? before.patches.add(patches) : patches,
      // A copy is written into: who meets with an error may go on from the state as it was.
      ...withTokens(before?.tokens.clone() ?? tf.zeros([batch, 1, patchSize, 1]), rest, tf.scalar(0, 'int32')),
      conditions: own,
    };
    return {output: outputs.length === 1 ? outputs[0] : tf.concat(outputs, 1), state};
  }

  /** g of the first patches: global_pad, and these tokens, [batch, patches · P]. */
  private globalSequence(tokens: tf.Tensor): tf.Tensor {
    const [batch, time] = tokens.shape as number[];
    const pad = this.globalPad.read();
    const first = tf.zeros([batch, 1, pad.size]).add(pad.reshape([-1]));
    return time === 0 ? first : tf.concat([first, this.globalInputs(tokens, null)], 1);
  }

  /** g of whole patches, [batch, patches, P · D_G]. `patches` [] int32 are before them, null: none. */
  private globalInputs(tokens: tf.Tensor, patches: tf.Tensor | null): tf.Tensor {
    const {patchSize, globalSize} = this.config;
    const [batch, time] = tokens.shape as number[];
    const from = patches?.mul(tf.scalar(patchSize, 'int32')).reshape([1, 1]);
    const positions = embeddingLookup(this.positions.read(), tokenPositions(time, from));
    return this.globalEmbedding
      .forward(tokens)
      .add(positions)
      .reshape([batch, -1, patchSize * globalSize]);
  }

  /** W G, [batch, patches, P, D_L]. */
  private conditionsOf(global: tf.Tensor): tf.Tensor {
    const {patchSize, globalSize} = this.config;
    return this.toLocal.forward(global.reshape([global.shape[0], -1, patchSize, globalSize]));
  }

  /** l of patches that begin with these tokens [rows, places - 1]: [rows, places, D_L]. */
  private localInputs(tokens: tf.Tensor, conditions: tf.Tensor): tf.Tensor {
    const [rows, count] = tokens.shape as number[];
    const first = tf.zeros([rows, 1, this.config.localSize]).add(this.localPad.read());
    const x = count === 0 ? first : tf.concat([first, this.localEmbedding.forward(tokens)], 1);
    return x.add(conditions.slice([0, 0, 0], [rows, count + 1, -1]));
  }

  override computeOutputShape(inputShape: tf.Shape): tf.Shape {
    return [...inputShape, this.config.localSize];
  }
}
tf.serialization.registerClass(PaperStages);

/** A patch's tokens, with more behind so many. */
function withTokens(room: tf.Tensor, tokens: tf.Tensor, length: tf.Scalar): Pick<PaperState, 'tokens' | 'length'> {
  const [batch, time] = tokens.shape as number[];
  return {
    tokens: time === 0 ? room : appendRows(room, tokens.toFloat().reshape([batch, 1, time, 1]), length),
    length: length.add(tf.scalar(time, 'int32')),
  };
}

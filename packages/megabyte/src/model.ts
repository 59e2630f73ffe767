import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, Linear, linearUniform, uniform} from '@variants/core';
import {authorsLayout} from './checkpoint';
import {type MegabyteConfig, type MegabyteOptions, resolveMegabyteConfig} from './config';
import {PatchedModel} from './patched-model';
import {Stage} from './stage';

/**
 * A MegaByte language model as the code in use has it: stages of patches from the global to the local one, and a head.
 *
 * Logits at a token predict the next one. Sequences of any length up to the product of all `stageLengths`; a patch that is
 * not complete is filled up, which nothing sees. A stream runs the local model once for a token, and each coarser one once for
 * a patch of its own.
 */
export class Megabyte extends PatchedModel<MegabyteConfig> {
  static override readonly className = 'Megabyte';
  override layout: CheckpointLayout<MegabyteConfig> = authorsLayout;
  private readonly stages: Stage;
  private readonly toLogits: Linear;

  constructor(config: MegabyteOptions) {
    const complete = resolveMegabyteConfig(config);
    const {hiddenSizes, vocabSize: units} = complete;
    const stages = stagesOf(complete);
    const limit = (hiddenSizes.at(-1) as number) ** -0.5;
    const toLogits = new Linear({name: 'head', units}, {kernel: linearUniform, bias: uniform(limit)});
    super(complete, [stages, toLogits], {name: 'megabyte', beyondStates: ['padToken']});
    this.stages = stages;
    this.toLogits = toLogits;
  }

  override get patchSize(): number {
    return this.config.stageLengths.at(-1) as number;
  }

  /** What follows the last token of a patch is predicted by the local model of that patch. */
  override placeOf(position: number): number {
    return position % this.patchSize;
  }

  protected override firstLogits(batch: number): tf.Tensor {
    return this.toLogits.forward(this.stages.beforeAll(batch, false));
  }

  /**
   * What the authors' generation draws the first token of an empty prompt from, [batch, 1, vocabulary]: each start token is
   * given the first condition of the coarser stage, which none is in training. It is here to compare with their code;
   * `startLogits` are what training makes good. The caller disposes them.
   */
  authorsStartLogits(batch = 1): tf.Tensor3D {
    this.requireWeights();
    return tf.tidy(() => this.toLogits.forward(this.stages.beforeAll(batch, true)) as tf.Tensor3D);
  }
}
tf.serialization.registerClass(Megabyte);

function stagesOf(config: MegabyteConfig): Stage {
  const {stageLengths, hiddenSizes, numLayers, intermediateSizes, ...rest} = config;
  const {vocabSize, numHeads, headSize, rotary, learnedPositions, dropout, attentionDropout} = rest;
  const levels = stageLengths.map((length, s) => ({
    length,
    hiddenSize: hiddenSizes[s],
    numLayers: numLayers[s],
    intermediateSize: intermediateSizes[s],
  }));
  const heads = {numHeads, headSize, rotary, dropout, attentionDropout};
  return new Stage({name: 'stage', vocabSize, levels, ...heads, learnedPositions});
}

/**
 * A MegaByte language model with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function megabyte(config: MegabyteOptions): Megabyte {
  return new Megabyte(config);
}

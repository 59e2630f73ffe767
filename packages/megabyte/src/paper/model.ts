import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, TiedHead} from '@variants/core';
import {PatchedModel} from '../patched-model';
import {paperLayout} from './checkpoint';
import {type MegabytePaperConfig, type MegabytePaperOptions, resolvePaperConfig} from './config';
import {PaperStages} from './paper-stages';

/**
 * A MegaByte of the paper's equations: a global Transformer of patches, a local one of the tokens of each, logits by the
 * local model's embedding. Logits at a token predict the next one. A stream runs the local model once for a token, and the
 * global one once for a patch.
 */
export class MegabytePaper extends PatchedModel<MegabytePaperConfig> {
  static override readonly className = 'MegabytePaper';
  override layout: CheckpointLayout<MegabytePaperConfig> = paperLayout;
  private readonly stages: PaperStages;
  private readonly toLogits: TiedHead;

  constructor(config: MegabytePaperOptions) {
    const complete = resolvePaperConfig(config);
    const {seed: _, padToken: __, ...sizes} = complete;
    const stages = new PaperStages({name: 'stages', ...sizes});
    const toLogits = new TiedHead(() => stages.localEmbedding, {name: 'head'});
    super(complete, [stages, toLogits], {name: 'megabyte-paper', beyondStates: ['padToken']});
    this.stages = stages;
    this.toLogits = toLogits;
  }

  override get patchSize(): number {
    return this.config.patchSize;
  }

  /** What follows the last token of a patch is the first that the next patch predicts. */
  override placeOf(position: number): number {
    return (position + 1) % this.patchSize;
  }

  protected override firstLogits(batch: number): tf.Tensor {
    return this.toLogits.forward(this.stages.beforeAll(batch));
  }
}
tf.serialization.registerClass(MegabytePaper);

/**
 * A MegaByte of the paper's equations with fresh weights.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function megabytePaper(config: MegabytePaperOptions): MegabytePaper {
  return new MegabytePaper(config);
}

import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, LanguageModel} from '@variants/core';
import {contextLength, stages} from '../model';
import {distilledLayout} from './checkpoint';
import {type DistilledHyenaConfig, type DistilledHyenaOptions, resolveDistilledHyenaConfig} from './config';

/**
 * A Hyena whose long convolutions are recurrences that were fitted to its filters: a stream costs the same time and memory
 * per token, whatever came before. `distil` makes it of a Hyena.
 */
export class DistilledHyena extends LanguageModel<DistilledHyenaConfig> {
  static override readonly className = 'DistilledHyena';
  override layout: CheckpointLayout<DistilledHyenaConfig> = distilledLayout;

  constructor(config: DistilledHyenaOptions) {
    const complete = resolveDistilledHyenaConfig(config);
    super(complete, stages(complete), 'distilled_hyena');
  }

  /** As of the Hyena: the recurrences were fitted to so many taps, and may do anything beyond. */
  override get contextLength(): number {
    return contextLength(this.config);
  }
}
tf.serialization.registerClass(DistilledHyena);

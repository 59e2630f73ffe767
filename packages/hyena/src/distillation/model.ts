import * as tf from '@tensorflow/tfjs';
import {type CheckpointLayout, LanguageModel} from '@variants/core';
import {stages} from '../model';
import {distilledLayout} from './checkpoint';
import {type DistilledHyenaConfig, type DistilledHyenaOptions, resolveDistilledHyenaConfig} from './config';

/**
 * A Hyena whose long convolutions are recurrences that were fitted to its filters: a stream costs the same time and memory
 * per token, whatever came before. `distil` makes it of a Hyena, whose context it keeps: the recurrences were fitted to so
 * many taps, and may do anything beyond.
 */
export class DistilledHyena extends LanguageModel<DistilledHyenaConfig> {
  static override readonly className = 'DistilledHyena';
  override layout: CheckpointLayout<DistilledHyenaConfig> = distilledLayout;

  constructor(config: DistilledHyenaOptions) {
    const complete = resolveDistilledHyenaConfig(config);
    super(complete, stages(complete), {name: 'distilled_hyena'});
  }
}
tf.serialization.registerClass(DistilledHyena);

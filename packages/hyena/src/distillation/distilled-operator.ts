import * as tf from '@tensorflow/tfjs';
import {type LayerOptions, normal, type StateTree, uniform} from '@variants/core';
import {
  type Convolve,
  HyenaMixer,
  type HyenaMixerConfig,
  type HyenaMixerInitializers,
  type StreamedConvolutions,
} from '../hyena-mixer';
import {type ModalFilter, modalConvolution} from './modal-convolution';

/** Options of {@link DistilledOperator}. */
export interface DistilledOperatorConfig extends HyenaMixerConfig {
  /** The longest sequence: the one that its recurrences were fitted to. */
  maxSequenceLength: number;
  /** Numbers that a recurrence remembers per channel, even. */
  stateSize: number;
}

/**
 * A {@link HyenaMixer} whose long convolutions are recurrences of a fixed size, see `modalConvolution`: a stream remembers as
 * much after a million positions as after one. Weights `diagonal`, `across`, `input`, `output_modes` [filters, state size,
 * head size], of which training moves the last, and `direct` [filters, head size].
 */
export class DistilledOperator extends HyenaMixer<DistilledOperatorConfig> {
  static readonly className = 'HyenaDistilledOperator';
  private modes!: {[part in keyof ModalFilter]: tf.LayerVariable};

  constructor(config: DistilledOperatorConfig & LayerOptions, initializers: HyenaMixerInitializers = {}) {
    super(config, initializers);
  }

  override get contextLength(): number {
    return this.config.maxSequenceLength;
  }

  protected buildFilters(channels: number): void {
    const {order = 2, stateSize} = this.config;
    const headSize = channels / (order - 1);
    const shape = [order - 1, stateSize, headSize];
    this.modes = {
      diagonal: this.weight('diagonal', shape, uniform(0.5), false),
      across: this.weight('across', shape, uniform(0.5), false),
      input: this.weight('input', shape, uniform(1), false),
      output: this.weight('output_modes', shape, normal(1 / stateSize)),
      direct: this.weight('direct', [order - 1, headSize], normal(1)),
    };
  }

  protected whole(time: number): Convolve {
    return this.streamed(time, null).convolve;
  }

  protected streamed(_: number, state: StateTree): StreamedConvolutions {
    const before = state as tf.Tensor[] | null;
    const after: tf.Tensor[] = [];
    return {
      convolve: (v, o, gate) => {
        const step = modalConvolution(v, this.modalFilter(o), before?.[o] ?? null);
        after[o] = step.state;
        return gate ? step.output.mul(gate) : step.output;
      },
      after: () => after,
    };
  }

  /** The recurrences of convolution number o, for all heads. */
  private modalFilter(o: number): ModalFilter {
    const {numHeads = 1} = this.config;
    const parts = Object.entries(this.modes).map(([name, weight]) => {
      const own = weight.read().slice([o], [1]).squeeze([0]);
      return [name, numHeads === 1 ? own : own.tile([...new Array(own.rank - 1).fill(1), numHeads])];
    });
    return Object.fromEntries(parts) as ModalFilter;
  }
}
tf.serialization.registerClass(DistilledOperator);

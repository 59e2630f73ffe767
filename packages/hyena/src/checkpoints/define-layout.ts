import {
  type Checkpoint,
  type CheckpointLayout,
  defineLayout,
  type LayoutDefinition,
  type TensorMapping,
} from '@variants/core';
import type {HyenaBackboneConfig} from '../config';
import {type Naming, namingOf, plainNaming} from './naming';
import {backboneSizes} from './sizes';
import {backboneTensors, type FrequencyNames, timeBuffers} from './tensors';

/** What is particular to a layout. */
export interface HyenaDefinition<Config extends HyenaBackboneConfig>
  extends Pick<LayoutDefinition<Config>, 'name' | 'fields' | 'only' | 'constants' | 'resolve' | 'ignored'> {
  /** Whether a file with a backbone is of this layout. */
  recognizes(checkpoint: Checkpoint, naming: Naming): boolean;
  /** What stands before `backbone` in the names that a model is saved under. */
  prefix: string;
  frequencies: FrequencyNames;
  /** The tensors that are not the backbone's, for names with this before `backbone`. */
  head(config: Config, prefix: string): TensorMapping[];
  /** What the tensors of the head tell. Default: nothing. */
  headSizes?(checkpoint: Checkpoint, naming: Naming): Partial<Config>;
}

/** Fields that the tensors tell, in any layout. */
const sizeFields: readonly (keyof HyenaBackboneConfig | 'numLabels')[] = [
  'vocabSize',
  'hiddenSize',
  'numLayers',
  'intermediateSize',
  'attentionLayers',
  'maxPositions',
  'order',
  'numHeads',
  'shortFilterSize',
  'maxSequenceLength',
  'positionSize',
  'filterSize',
  'numInnerLayers',
  'headMixing',
  'numLabels',
];

/** The layout of a definition: a backbone, whose tensors tell its sizes, and a head. */
export function hyenaLayout<Config extends HyenaBackboneConfig>({
  recognizes,
  prefix,
  frequencies,
  head,
  headSizes,
  ignored = [],
  ...definition
}: HyenaDefinition<Config>): CheckpointLayout<Config> {
  return defineLayout<Config>({
    ...definition,
    recognizes(checkpoint) {
      const naming = namingOf(checkpoint);
      return naming !== undefined && recognizes(checkpoint, naming);
    },
    fromTensors: {
      names: sizeFields as readonly (keyof Config)[],
      read(checkpoint) {
        const naming = namingOf(checkpoint) ?? plainNaming(prefix);
        const backbone: Partial<HyenaBackboneConfig> = backboneSizes(checkpoint, naming);
        return {...(backbone as Partial<Config>), ...headSizes?.(checkpoint, naming)};
      },
    },
    tensors(config, checkpoint) {
      const naming = (checkpoint && namingOf(checkpoint)) ?? plainNaming(prefix);
      return [...backboneTensors(config, naming, frequencies, checkpoint), ...head(config, naming.prefix)];
    },
    ignored: [/\.pos_emb\.t$/, ...ignored],
    buffers: (config) => timeBuffers(config, prefix),
  });
}

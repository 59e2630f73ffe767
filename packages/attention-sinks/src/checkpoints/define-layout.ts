import {type CheckpointLayout, defineLayout, type FieldTable, type LayoutDefinition} from '@variants/core';
import {type AttentionSinksConfig, type AttentionSinksOptions, resolveAttentionSinksConfig} from '../config';

/** The cache's sizes: StreamingLLM's names, and those of tomaarsen/attention_sinks. */
const cacheFields: FieldTable<AttentionSinksConfig> = {
  numSinks: {
    from: (json) => json.start_size ?? json.attention_sink_size,
    to: (start_size) => ({start_size}),
  },
  windowSize: {
    from: (json) => json.recent_size ?? json.attention_sink_window_size,
    to: (recent_size) => ({recent_size}),
  },
};

type Definition = Omit<LayoutDefinition<AttentionSinksConfig>, 'resolve'>;

/**
 * The layout of files of a family: its own fields and tensors, and what all have. A model that puts its own token first has
 * the layers below one more of ours, and a learned logit per head stands where gpt-oss has it.
 * @param attention The authors' name of block i's attention.
 */
export function sinkLayout(
  family: AttentionSinksConfig['family'],
  definition: Definition,
  attention: (i: number) => string,
): CheckpointLayout<AttentionSinksConfig> {
  return defineLayout<AttentionSinksConfig>({
    ...definition,
    fields: {...definition.fields, ...cacheFields, family: {from: () => family}},
    tensors: (config) => {
      const numLearned = config.sinkLogit === 'learned' ? config.numLayers : 0;
      const sinks = Array.from({length: numLearned}, (_, i) => ({
        theirs: `${attention(i)}.sinks`,
        ours: `block_${i}/mixer/sinks`,
      }));
      const all = [...definition.tensors(config), ...sinks];
      if (config.sinkToken === null) return all;
      return all.map(({ours, ...rest}) => ({...rest, ours: ours.startsWith('head/') ? ours : `body/${ours}`}));
    },
    resolve: (options) => resolveAttentionSinksConfig({...(options as AttentionSinksOptions), family}),
  });
}

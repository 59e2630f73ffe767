import {
  type AuthorsConfig,
  type Checkpoint,
  type CheckpointLayout,
  defineLayout,
  type LayoutDefinition,
} from '@variants/core';
import {type LayoutName, resolveTransformerConfig, type TransformerConfig, type TransformerOptions} from '../config';

/** The configuration in config.json or params.json, or in a ckpt.pt or .bin file, which holds it beside the weights. */
export function fieldsOf({config, extra}: Pick<Checkpoint, 'config' | 'extra'>): AuthorsConfig | null {
  const {model_args: modelArgs} = (extra ?? {}) as {model_args?: AuthorsConfig};
  return config ?? modelArgs ?? null;
}

/** The layout of a decoder. Its name stands in the configuration, which is refused where it does not suit the layout. */
export function decoderLayout(
  definition: Omit<LayoutDefinition<TransformerConfig>, 'authorsConfig' | 'resolve'> & {name: LayoutName},
): CheckpointLayout<TransformerConfig> {
  return defineLayout<TransformerConfig>({
    ...definition,
    authorsConfig: fieldsOf,
    resolve: (options) => resolveTransformerConfig({...(options as TransformerOptions), layout: definition.name}),
  });
}

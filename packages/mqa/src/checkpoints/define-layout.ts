import {type CheckpointLayout, defineLayout, type LayoutDefinition} from '@variants/core';
import {type LayoutName, type MultiQueryConfig, type MultiQueryOptions, resolveMultiQueryConfig} from '../config';

/** A layout of one family. Its name stands in the configuration, which is refused where it does not suit the layout. */
export function layoutOf(
  family: MultiQueryConfig['family'],
  {name, fields, ...definition}: Omit<LayoutDefinition<MultiQueryConfig>, 'resolve'> & {name: LayoutName},
): CheckpointLayout<MultiQueryConfig> {
  return defineLayout<MultiQueryConfig>({
    ...definition,
    name,
    fields: {...fields, family: {from: () => family}},
    resolve: (options) => resolveMultiQueryConfig({...(options as MultiQueryOptions), layout: name}),
  });
}

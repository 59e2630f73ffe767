import {ConfigError, type ForwardOptions} from '@variants/core';

/** Throws a ConfigError where rows are masked: patches are cut alike in all rows. */
export function refuseMasks(name: string, {attentionMask, prefix}: ForwardOptions): void {
  if (attentionMask)
    throw new ConfigError(
      `${name}: takes no attentionMask, as padding would shift where patches begin; run rows of other lengths one by one`,
    );
  if (prefix) throw new ConfigError(`${name}: takes no prefix, as a patch sees nothing of those behind it`);
}

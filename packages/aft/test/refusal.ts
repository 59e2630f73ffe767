import {ConfigError} from '@variants/core';
import {expect} from 'vitest';

/** The message of the ConfigError that something throws. */
export function refusalOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  return 'nothing was thrown';
}

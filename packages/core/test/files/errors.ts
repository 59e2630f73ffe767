import {expect} from 'vitest';
import {CheckpointError} from '../../src/errors';

/** The message of the CheckpointError that `action` must end in; it must be one line. */
export async function checkpointErrorOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    const {message} = error as CheckpointError;
    expect(message).not.toContain('\n');
    return message;
  }
  return expect.fail('no error was thrown');
}

/** Runs `action` and lets nothing but success and a CheckpointError pass. Whether it succeeded. */
export async function succeedsOrIsRefused(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    return false;
  }
}

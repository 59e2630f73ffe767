import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {writeSafetensors} from '@variants/core';
import {onTestFinished} from 'vitest';
import type {CaseDescription, StoredTensor} from '../src/golden-case';

/** A temporary folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'variants-golden-'));
  onTestFinished(() => rmSync(folder, {recursive: true}));
  return folder;
}

/** float32 values as they are stored. */
export const floats = (data: number[], shape = [data.length]): StoredTensor => ({shape, data: Float32Array.from(data)});

/** int32 values as they are stored. */
export const integers = (data: number[], shape = [data.length]): StoredTensor => ({shape, data: Int32Array.from(data)});

/** What a made-up case holds. */
export interface MadeUpCase {
  description?: Partial<CaseDescription>;
  config?: object;
  expected: {[name: string]: StoredTensor};
  weights?: {[name: string]: StoredTensor};
}

/** Writes a case into `folder/name` and returns its folder. */
export function writeCase(folder: string, name: string, {description, config, expected, weights}: MadeUpCase): string {
  const directory = join(folder, name);
  mkdirSync(directory, {recursive: true});
  writeFileSync(join(directory, 'case.json'), JSON.stringify({kind: 'double', ...description}));
  if (config) writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
  writeFileSync(join(directory, 'expected.safetensors'), writeSafetensors(expected));
  if (weights) writeFileSync(join(directory, 'model.safetensors'), writeSafetensors(weights));
  return directory;
}

import {existsSync, readFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {readSafetensors} from '@variants/core';

/** A tensor of a case's files: whole numbers as Int32Array, all others as Float32Array. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** A case as it stands in case.json; what else stands there is for the kinds that know it. */
export interface CaseDescription {
  readonly kind: string;
  readonly tolerance?: {readonly [name: string]: number};
  readonly [field: string]: unknown;
}

/** A checkpoint of a reference implementation, with what that implementation computed. */
export class GoldenCase {
  /** Package and case, `retnet/lm`; for messages alone. */
  readonly name: string;
  /** The folder: a source for `fromPretrained`. */
  readonly directory: string;
  readonly description: CaseDescription;
  /** The reference's configuration; without a config.json, none. */
  readonly config: {readonly [field: string]: unknown};
  private readonly stored: {readonly [name: string]: StoredTensor};
  private storedWeights: {readonly [name: string]: StoredTensor} | undefined;

  constructor(directory: string, packageName: string) {
    this.directory = directory;
    this.name = `${packageName}/${basename(directory)}`;
    this.description = readJson(join(directory, 'case.json')) as CaseDescription;
    const config = join(directory, 'config.json');
    this.config = existsSync(config) ? (readJson(config) as {[field: string]: unknown}) : {};
    this.stored = readTensors(join(directory, 'expected.safetensors'));
  }

  get kind(): string {
    return this.description.kind;
  }

  /** The tensors that must be computed: all that are neither inputs nor probes. */
  get expected(): [name: string, tensor: StoredTensor][] {
    return Object.entries(this.stored).filter(([name]) => !/^(input\.|probe)/.test(name));
  }

  /** Names of all stored tensors that match, in the file's order. */
  names(pattern: RegExp): string[] {
    return Object.keys(this.stored).filter((name) => pattern.test(name));
  }

  /** Whether the case stores a tensor under this full name: `input.mask`, `output.greedy`, `probe.lse`. */
  has(name: string): boolean {
    return Object.hasOwn(this.stored, name);
  }

  /** A stored tensor by its full name: `probe`, `output.logits`. Freed after the case. */
  tensor(name: string): tf.Tensor {
    return toTensor(this.stored[name], `${this.name}: expected.safetensors has no tensor "${name}"`);
  }

  /** The tensor `input.<name>`. Freed after the case. */
  input(name: string): tf.Tensor {
    return this.tensor(`input.${name}`);
  }

  /** The whole numbers of `input.<name>`, row by row. */
  integers(name: string): number[] {
    return tf.tidy(() => [...this.input(name).dataSync()]);
  }

  /** The tensors of model.safetensors by name, for operators, which no `fromPretrained` loads. Freed after the case. */
  weights(): {[name: string]: tf.Tensor} {
    this.storedWeights ??= readTensors(join(this.directory, 'model.safetensors'));
    return Object.fromEntries(
      Object.entries(this.storedWeights).map(([name, stored]) => [name, toTensor(stored, name)]),
    );
  }
}

function toTensor(stored: StoredTensor | undefined, message: string): tf.Tensor {
  if (!stored) throw new Error(message);
  const {data, shape} = stored;
  return tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32');
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function readTensors(path: string): {readonly [name: string]: StoredTensor} {
  return readSafetensors(readFileSync(path), path).tensors;
}

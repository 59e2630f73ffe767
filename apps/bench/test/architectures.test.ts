import {existsSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {type ArchitectureCard, modelKinds} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {architectures, contestantsOfKind} from '../src/architectures';

/** What every architecture's package exports, besides a factory with its own name. */
interface ArchitecturePackage {
  card: ArchitectureCard;
  layers: {[name: string]: unknown};
  ops: {[name: string]: unknown};
  presets: {[name: string]: object};
  fromPretrained: unknown;
  [factory: string]: unknown;
}

// Found by their folders, so that a new one cannot be forgotten.
const directory = join(import.meta.dirname, '../../../packages');
const names = readdirSync(directory).filter((name) => existsSync(join(directory, name, 'src/card.ts')));

const camelCase = (name: string) => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** The architectures in the comparison of each kind. */
const registered = {'language-model': architectures, ...contestantsOfKind};

it('are all in a comparison', () => {
  const all = Object.values(registered).flatMap((contestants) => contestants.map(({card}) => card.name));
  expect([...new Set(all)].sort()).toEqual(names.sort());
});

describe.each(names)('@variants/%s', async (name) => {
  const exported: ArchitecturePackage = await import(join(directory, name, 'src/index.ts'));
  const {card, layers, ops, presets, fromPretrained} = exported;
  const factory = exported[camelCase(name)];

  it('exports the names that every architecture exports', () => {
    expect(factory).toBeTypeOf('function');
    expect(fromPretrained).toBeTypeOf('function');
    for (const namespace of [layers, ops]) {
      expect(Object.keys(namespace)).not.toEqual([]);
      for (const member of Object.values(namespace)) expect(member).toBeTypeOf('function');
    }
    expect(Object.keys(presets)).not.toEqual([]);
  });

  it('has a card that says what it is', () => {
    expect(card.name).toBe(name);
    expect(card.paper.authors).not.toEqual([]);
    expect(card.paper.year).toBeGreaterThan(2016);
    expect(new URL(card.paper.url).protocol).toBe('https:');
    const {title, idea, equation, complexity} = card;
    for (const text of [title, card.paper.title, idea, equation, ...Object.values(complexity)])
      expect(text).not.toBe('');
    expect(idea).toMatch(/^[^.]+\.$/);
  });

  it('is in the comparison of each kind that its card names, and of no other', () => {
    expect(card.kinds).not.toEqual([]);
    const found = modelKinds.filter((kind) => registered[kind].some((contestant) => contestant.card.name === name));
    expect(found).toEqual(modelKinds.filter((kind) => card.kinds.includes(kind)));
  });

  it.each(card.kinds)('makes a %s of the size that it is asked for, within 1 %%', (kind) => {
    const size = {parameters: 100_000, vocabSize: 64, maxSequenceLength: 16, numLabels: 3, padToken: 0};
    const contestant = registered[kind].find((one) => one.card.name === name);
    const model = contestant?.sized(size)(1);
    expect(model?.kind).toBe(kind);
    expect(model?.config.seed).toBe(1);
    expect(Math.abs((model?.countParams() ?? 0) / 100_000 - 1)).toBeLessThan(0.01);
    model?.dispose();
  });
});

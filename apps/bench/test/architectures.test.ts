import {existsSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import type {ArchitectureCard, LanguageModel} from '@variants/core';
import {describe, expect, it} from 'vitest';
import {architectures} from '../src/architectures';

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

it('are all in the comparison', () => {
  expect(architectures.map(({card}) => card.name).sort()).toEqual(names.sort());
});

describe.each(names)('@variants/%s', async (name) => {
  const exported: ArchitecturePackage = await import(join(directory, name, 'src/index.ts'));
  const {card, layers, ops, presets, fromPretrained} = exported;
  const factory = exported[camelCase(name)] as (config: object) => LanguageModel;

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
    expect(card.kinds).toContain('language-model');
    expect(card.paper.authors).not.toEqual([]);
    expect(card.paper.year).toBeGreaterThan(2016);
    expect(new URL(card.paper.url).protocol).toBe('https:');
    const {title, idea, equation, complexity} = card;
    for (const text of [title, card.paper.title, idea, equation, ...Object.values(complexity)])
      expect(text).not.toBe('');
    expect(idea).toMatch(/^[^.]+\.$/);
  });

  it('makes a model of the size that its card is asked for, within 1 %', () => {
    const model = factory(card.sized({parameters: 100_000, vocabSize: 64, maxSequenceLength: 16}));
    expect(Math.abs(model.countParams() / 100_000 - 1)).toBeLessThan(0.01);
    model.dispose();
  });
});

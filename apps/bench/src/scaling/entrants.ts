import {byteTokenizer, type VariantModel} from '@variants/core';
import {type BatchSource, maskedWindows, readText, textWindows} from '@variants/train';
import {architectures, contestantsOfKind} from '../architectures';
import {padToken} from '../kinds/data';

/** What takes part: models of one kind, which are compared with the kind's Transformer. */
export interface Field {
  kind: 'language-model' | 'masked-language-model';
  /** Name of the architecture that the others are compared with: full attention, by core's fused kernel. */
  baseline: string;
  entrants: Entrant[];
  /** Windows of so many tokens of the default text. */
  source(length: number): BatchSource;
}

/** An architecture of a shape that does not depend on the length of texts. */
export interface Entrant {
  name: string;
  title: string;
  /** Cost of a sequence as its authors claim it. */
  claim: string;
  /** A fresh model for sequences of so many tokens. */
  create(length: number): VariantModel;
}

/** The length at which shapes are chosen, so that all have the same number of parameters there. */
const shapedAt = 256;

/**
 * All architectures that read texts, at one size.
 * @param only Names of those that take part beside the baselines; all where it is missing.
 * @param seed Of weights.
 */
export async function scalingFields(
  parameters: number,
  only: readonly string[] | undefined,
  seed: number,
): Promise<Field[]> {
  const text = await readText('moby-dick');
  const maskToken = byteTokenizer.vocabSize;
  const size = {parameters, maxSequenceLength: shapedAt};
  const request = {...size, vocabSize: maskToken + 1, numLabels: 0, padToken};
  const causal = architectures.map(({card, sized}) => ({
    ...entrantOf(card),
    create: (length: number): VariantModel => sized({...size, vocabSize: byteTokenizer.vocabSize}, length)(seed),
  }));
  const masked = contestantsOfKind['masked-language-model'].map(({card, sized}) => ({
    ...entrantOf(card),
    create: (length: number) => sized(request, length)(seed),
  }));
  const fields: Field[] = [
    {
      ...{kind: 'language-model', baseline: 'transformer', entrants: causal},
      source: (sequenceLength) => textWindows(text, {sequenceLength}).training,
    },
    {
      ...{kind: 'masked-language-model', baseline: 'roformer', entrants: masked},
      source: (sequenceLength) => maskedWindows(text, {sequenceLength, maskToken}).training,
    },
  ];
  return fields
    .map((field) => ({
      ...field,
      entrants: field.entrants.filter(({name}) => name === field.baseline || (only?.includes(name) ?? true)),
    }))
    .filter(
      ({entrants, baseline}) => entrants.some(({name}) => name !== baseline) || (only?.includes(baseline) ?? false),
    );
}

const entrantOf = ({name, title, complexity}: (typeof architectures)[number]['card']) => ({
  ...{name, title},
  claim: complexity.time,
});

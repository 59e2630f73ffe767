import type {ArchitectureCard, LanguageModel, SizeRequest} from '@variants/core';
import * as retnet from '@variants/retnet';
import * as transformer from '@variants/transformer';

/** An architecture that takes part in the comparison. */
export interface Contestant {
  card: ArchitectureCard;
  /** A fresh model with the wanted number of parameters. */
  create(size: SizeRequest, seed: number): LanguageModel;
}

function contestant<Config extends object>(
  card: ArchitectureCard<Config>,
  create: (config: Config) => unknown,
): Contestant {
  return {card, create: (size, seed) => create({...card.sized(size), seed}) as LanguageModel};
}

/** Every architecture that the comparison knows, one line each; the baseline first. */
export const architectures: readonly Contestant[] = [
  contestant(transformer.card, transformer.transformer),
  contestant(retnet.card, retnet.retnet),
];

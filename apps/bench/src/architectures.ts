import * as aft from '@variants/aft';
import type {ArchitectureCard, LanguageModel, SizeRequest} from '@variants/core';
import * as hyena from '@variants/hyena';
import * as monarchMixer from '@variants/monarch-mixer';
import * as retnet from '@variants/retnet';
import * as rwkv from '@variants/rwkv';
import * as transformer from '@variants/transformer';

/** An architecture that takes part in the comparison. */
export interface Contestant {
  card: ArchitectureCard;
  /**
   * Chooses a configuration and gives what makes a fresh model of it.
   * @throws ConfigError that names the architecture where it has none of that size.
   */
  sized(size: SizeRequest): (seed: number) => LanguageModel;
}

function contestant<Config extends object>(
  card: ArchitectureCard<Config>,
  create: (config: Config) => unknown,
): Contestant {
  return {
    card,
    sized(size) {
      const config = card.sized(size);
      return (seed) => create({...config, seed}) as LanguageModel;
    },
  };
}

/** Every architecture that the comparison knows, one line each; the baseline first. */
export const architectures: readonly Contestant[] = [
  contestant(transformer.card, transformer.transformer),
  contestant(retnet.card, retnet.retnet),
  contestant(rwkv.card, rwkv.rwkv),
  contestant(hyena.card, hyena.hyena),
  contestant(aft.card, aft.aft),
  contestant(monarchMixer.card, monarchMixer.monarchMixer),
];

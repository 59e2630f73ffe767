import {fields, requireConfig, requireGivenFields, resolveFields, type StackFields, stackFields} from '@variants/core';
import {checkMixerConfig, countBlockRest, countMixer, type MixerFields, mixerRules} from '../config';

/** The configuration of an AFT image classifier; defaults are those of the paper's, at a smaller size. */
export interface AftVisionConfig extends StackFields, MixerFields {
  /** Number of classes. */
  numClasses: number;
  /** Values of a pixel. Default 3. */
  imageChannels: number;
  /** Pixels of a patch's side. Default 16. */
  patchSize: number;
  /** Rows of patches of an image, in the variants but 'conv', which takes any: 0, the default. */
  gridRows: number;
  /** Columns of patches, alike. */
  gridColumns: number;
  /** Epsilon of the layer norms. Default 1e-6. */
  normEpsilon: number;
}

/** What {@link aftVision} takes: everything but numClasses has a default; that of `variant` is 'conv'. */
export type AftVisionOptions = Partial<AftVisionConfig> & Pick<AftVisionConfig, 'numClasses'>;

/**
 * Completes and checks a configuration.
 * @throws ConfigError that names the field, its value and what is allowed.
 */
export function resolveVisionConfig(options: AftVisionOptions): AftVisionConfig {
  requireGivenFields('aftVision', options);
  const config = resolveFields<AftVisionConfig>(
    'aftVision',
    {
      numClasses: fields.count(),
      ...stackFields({hiddenSize: options.hiddenSize, normEpsilon: 1e-6}),
      ...mixerRules(options, 'conv'),
      imageChannels: fields.count(3),
      patchSize: fields.count(16),
      gridRows: fields.count(0, 0),
      gridColumns: fields.count(0, 0),
    },
    options,
  );
  checkMixerConfig('aftVision', config, false);
  const {variant} = config;
  for (const field of ['gridRows', 'gridColumns'] as const)
    requireConfig(
      config[field] > 0 === (variant !== 'conv'),
      'aftVision',
      `${field} is ${config[field]}, but must be ${variant === 'conv' ? '0, as variant conv takes any' : 'at least 1'}`,
    );
  return config;
}

/** Tokens of the variants that see a sequence: a class token and the patches. */
export const tokensOf = ({gridRows, gridColumns}: AftVisionConfig): number => 1 + gridRows * gridColumns;

/** All weights counted. */
export function countVisionParameters(config: AftVisionConfig): number {
  const {variant, hiddenSize: D, imageChannels, patchSize, numLayers, numClasses} = config;
  const embedding = D * (imageChannels * patchSize ** 2 + 1);
  const tokens = variant === 'conv' ? 0 : D * (1 + tokensOf(config));
  const block = countMixer(config, tokensOf(config), 2) + countBlockRest(config);
  return embedding + tokens + numLayers * block + 2 * D + numClasses * (D + 1);
}

import {favorAdvance, favorAttention} from './ops/favor-attention';
import {generalizedFeatures, softmaxFeatures} from './ops/features';
import {linearAttention} from './ops/linear-attention';
import {localAttention} from './ops/local-attention';
import {orthogonalProjection, orthogonalRows} from './ops/projection';

export type {FeatureKind} from './ops/features';

/** Performer's mathematics as pure differentiable functions. */
export const ops = {
  favorAttention,
  favorAdvance,
  softmaxFeatures,
  generalizedFeatures,
  linearAttention,
  localAttention,
  orthogonalProjection,
  orthogonalRows,
};

import * as tf from '@tensorflow/tfjs';
import {ctcLoss} from '@variants/core';
import type {TaskOf} from '../../tasks/task';
import {tokens} from '../../tasks/values';
import type {Computation} from '../computation';
import {computationOf, tensorOf} from './computation-of';

/** Connectionist temporal classification, which tfjs has not: elsewhere than on the engine core composes it of tfjs's operations. */
export function ctc({shape, labels}: TaskOf<'ctcLoss'>): Computation {
  const [batch, , classes] = shape;
  const wanted = tokens(batch * labels, classes - 1).map((token) => token + 1);
  const logits = tf.tidy(() => tensorOf(shape, 0).mul(8));
  return computationOf([logits, tf.tensor2d(wanted, [batch, labels], 'int32')], (x, targets) =>
    tf.grad((given) => ctcLoss(given, targets))(x),
  );
}

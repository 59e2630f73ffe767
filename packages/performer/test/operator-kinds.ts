import * as tf from '@tensorflow/tfjs';
import {type Actual, type GoldenCase, type Kinds, probedOperator} from '@variants-tooling/golden';
import {type FeatureKind, ops} from '../src';

/** The authors' name of a kernel function. */
export const kernelOf = (name: unknown) => (name === 'elu1' ? 'elu' : name) as 'relu' | 'exp' | 'gelu' | 'elu';

function featuresKind(golden: GoldenCase): Actual {
  const {
    eps,
    normalize_data: normalize,
    kernel_epsilon: epsilon,
  } = golden.config as {
    eps: number;
    normalize_data: boolean;
    kernel_epsilon: number;
  };
  const P = golden.weights().projection_matrix;
  if (golden.config.features === 'softmax') {
    const heads = {'input.q': golden.input('q'), 'input.k': golden.input('k')};
    const of = (x: tf.Tensor, role: 'queries' | 'keys', other: object) =>
      ops.softmaxFeatures(x, P, {of: role, epsilon: eps, normalize, ...other});
    const both = (suffix: string, other: object) => ({
      [`output.q${suffix}`]: of(heads['input.q'], 'queries', other),
      [`output.k${suffix}`]: of(heads['input.k'], 'keys', other),
    });
    const product = tf.matMul(of(heads['input.q'], 'queries', {}), of(heads['input.k'], 'keys', {}), false, true);
    const scores = tf.matMul(heads['input.q'], heads['input.k'], false, true);
    return {
      ...probedOperator(golden, {
        inputs: heads,
        run: ({'input.q': q, 'input.k': k}) => ({'output.q': of(q, 'queries', {}), 'output.k': of(k, 'keys', {})}),
        probes: {'output.q': 'probe.q', 'output.k': 'probe.k'},
      }),
      ...both('_eps1e-6', {epsilon: 1e-6}),
      ...both('_unnormalized', {normalize: false}),
      'output.exact_weights': scores
        .div(Math.sqrt(scores.shape.length && (heads['input.q'].shape[3] as number)))
        .softmax(),
      'output.approximate_weights': product.div(product.sum(-1, true)),
    };
  }
  const x = golden.input('x');
  const made = (kernel: string, other: object = {}) =>
    ops.generalizedFeatures(x, P, {kernel: kernelOf(kernel), epsilon, normalize, ...other});
  return {
    ...probedOperator(golden, {
      inputs: {'input.x': x},
      run: ({'input.x': given}) => ({
        'output.relu': ops.generalizedFeatures(given, P, {kernel: 'relu', epsilon, normalize}),
      }),
      probes: {'output.relu': 'probe'},
    }),
    ...Object.fromEntries(['exp', 'gelu', 'elu1'].map((name) => [`output.${name}`, made(name)])),
    'output.relu_no_projection': ops.generalizedFeatures(x, null, {epsilon, normalize}),
    'output.relu_unnormalized_eps0': made('relu', {normalize: false, epsilon: 0}),
  };
}

/** A projection with the signs of its rows turned as stored: QR leaves them open. */
function withSignsOf(rows: tf.Tensor, expected: tf.Tensor): tf.Tensor {
  return rows.mul(rows.mul(expected).sum(1, true).sign());
}

function orthogonalKind(golden: GoldenCase): Actual {
  const [blocks, gauss] = [golden.input('blocks'), golden.input('gauss')];
  const m = golden.config.nb_features as number;
  const compared = (name: string, rows: tf.Tensor) => withSignsOf(rows, golden.tensor(name));
  const chi = ops.orthogonalRows(blocks, gauss, m);
  return {
    'output.projection_scaling0': compared('output.projection_scaling0', chi),
    'output.projection_scaling1': compared('output.projection_scaling1', ops.orthogonalRows(blocks, null, m)),
    'output.multiplier': chi.square().sum(1).sqrt(),
  };
}

function linearAttentionKind(golden: GoldenCase): Actual {
  const causal = golden.config.causal === true;
  const inputs = {'input.q': golden.input('q'), 'input.k': golden.input('k'), 'input.v': golden.input('v')};
  const {'input.q': q, 'input.k': k, 'input.v': v} = inputs;
  const actual = probedOperator(golden, {
    inputs,
    run: (given) => ({
      'output.y': ops.linearAttention(given['input.q'], given['input.k'], given['input.v'], {causal}).output,
    }),
    probes: {'output.y': 'probe'},
  });
  for (const name of golden.names(/^output\.chunk\d+$/)) {
    const chunkSize = Number(name.slice('output.chunk'.length));
    actual[name] = ops.linearAttention(q, k, v, {causal, chunkSize}).output;
  }
  for (const name of golden.names(/^state\.\d+\.(S|z)$/)) {
    const [, time, what] = name.split('.');
    const first = (x: tf.Tensor) => x.slice([0, 0, 0, 0], [-1, -1, Number(time), -1]);
    const {memory} = ops.linearAttention(first(q), first(k), first(v), {causal, chunkSize: 4});
    actual[name] = stateTensors(memory.sums)[what as 'S' | 'z'];
  }
  return actual;
}

/** S and z of the sums over keys. */
function stateTensors(sums: tf.Tensor): {S: tf.Tensor; z: tf.Tensor} {
  const [S, z] = tf.split(sums, [(sums.shape[3] as number) - 1, 1], 3);
  return {S, z: z.squeeze([3])};
}

function fastAttentionKind(golden: GoldenCase): Actual {
  const {causal, generalized_attention, no_projection, kernel_fn} = golden.config as Record<string, unknown>;
  const features: FeatureKind = no_projection ? 'none' : generalized_attention ? kernelOf(kernel_fn) : 'softmax';
  const inputs = {'input.q': golden.input('q'), 'input.k': golden.input('k'), 'input.v': golden.input('v')};
  const {'input.q': q, 'input.k': k, 'input.v': v} = inputs;
  const projection = no_projection ? null : golden.weights().projection_matrix;
  const options = {projection, features, causal: causal === true};
  const actual = probedOperator(golden, {
    inputs,
    run: (given) => ({
      'output.y': ops.favorAttention(given['input.q'], given['input.k'], given['input.v'], {
        ...options,
        stabilizer: 'sequence',
        chunkSize: 5,
      }),
    }),
    probes: {'output.y': 'probe'},
  });
  if (!causal) return actual;
  const {causal: _, ...streaming} = options;
  const outputs: tf.Tensor[] = [];
  let memory: ReturnType<typeof ops.favorAdvance>['memory'] | null = null;
  for (let t = 0; t < (q.shape[2] as number); t++) {
    const at = (x: tf.Tensor) => x.slice([0, 0, t, 0], [-1, -1, 1, -1]);
    const step = ops.favorAdvance(at(q), at(k), at(v), memory, streaming);
    outputs.push(step.output);
    memory = step.memory;
    for (const name of golden.names(new RegExp(`^state\\.${t + 1}\\.`))) {
      const {sums, max, values} = step.memory;
      const named = {
        ...stateTensors(sums),
        max: max?.squeeze([2]),
        v: values?.slice([0, 0, 0, 0], [-1, -1, -1, (values.shape[3] as number) - 1]).squeeze([2]),
      };
      actual[name] = named[name.split('.')[2] as 'S' | 'z' | 'max' | 'v'] as tf.Tensor;
    }
  }
  const whole = ops.favorAttention(q, k, v, {...options, chunkSize: 6});
  return {
    ...actual,
    'output.prefix': () => {
      const streamed = tf.concat(outputs, 2);
      const difference = streamed.sub(whole).abs().max().dataSync()[0];
      if (!(difference < 1e-4)) throw new Error(`the stream is ${difference} away from the whole`);
      return streamed;
    },
  };
}

/** The kinds of cases of ops alone. */
export const operatorKinds: Kinds = {
  features: featuresKind,
  orthogonal: orthogonalKind,
  'linear-attention': linearAttentionKind,
  'fast-attention': fastAttentionKind,
};

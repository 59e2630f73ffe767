import type * as tf from '@tensorflow/tfjs';
import {inference, openCheckpoint} from '@variants/core';
import {
  type Actual,
  authorsGradients,
  feed,
  type GoldenCase,
  goldenTests,
  gradientsOf,
  layerOutputs,
  loadLayer,
  probedLayer,
  requireAlike,
  roundTrip,
} from '@variants-tooling/golden';
import {fromPretrained, layers, type SimplifiedTransformer, type SimplifiedTransformerConfig} from '../src';
import {attentionOptions, type SimplifiedBlock} from '../src/block';
import {attentionTensors, authorsLayout, blockTensors} from '../src/checkpoint';

type Tensors = {[name: string]: tf.Tensor};

/** The configuration of a case, in our names, and the number of its layer. */
async function configOf(golden: GoldenCase): Promise<{config: SimplifiedTransformerConfig; layer: number}> {
  const checkpoint = await openCheckpoint(golden.directory);
  try {
    return {config: await authorsLayout.readConfig(checkpoint), layer: golden.config.layer_idx as number};
  } finally {
    await checkpoint.close();
  }
}

/** Attention alone, with rows that end with padding. */
async function attentionOf(golden: GoldenCase): Promise<Actual> {
  const {config, layer} = await configOf(golden);
  const attention = layers.shapedAttention(attentionOptions(config, {layer, numLayers: config.numLayers}));
  const x = golden.input('hidden_states');
  const attentionMask = golden.has('input.attention_mask') ? golden.input('attention_mask') : undefined;
  const loaded = await loadLayer(golden, attention, attentionTensors(config, layer, '', attention.name), {
    build: () => attention.apply(x),
  });
  const options = {...inference, attentionMask};
  return {
    ...probedLayer(golden, loaded, {
      inputs: {'input.hidden_states': x},
      run: (given) => ({'output.attn_output': attention.forward(given['input.hidden_states'], options)}),
      probes: {'output.attn_output': 'input.probe'},
    }),
    'output.attentions': attention.probabilities(x, options),
  };
}

async function blockOf(golden: GoldenCase): Promise<Actual> {
  const {config, layer} = await configOf(golden);
  const {vocabSize: _, hiddenSize: __, seed: ___, maxSequenceLength: ____, ...fields} = config;
  const block = layers.simplifiedBlock({...fields, layer});
  const x = golden.input('hidden_states');
  const loaded = await loadLayer(golden, block, blockTensors(config, layer, '', block.name), {
    build: () => block.apply(x),
  });
  const actual = probedLayer(golden, loaded, {
    inputs: {'input.hidden_states': x},
    run: (given) => ({'output.hidden_states': block.forward(given['input.hidden_states'], inference)}),
    probes: {'output.hidden_states': 'input.probe'},
  });
  await requireAlike(feed(block, x), actual['output.hidden_states'] as tf.Tensor, 5e-5);
  return actual;
}

/** What the model's layers give: 0 = embeddings, i = after block i, the last one behind the norm; and the softmax of each block. */
function inside(model: SimplifiedTransformer, tokens: tf.Tensor): Tensors {
  const outputs = layerOutputs(model, tokens);
  const named: Tensors = {};
  let x = outputs.get('positions') as tf.Tensor;
  for (let i = 0; i < model.config.numLayers; i++) {
    const block = model.getLayer(`block_${i}`) as SimplifiedBlock;
    named[`output.hidden_states.${i}`] = x;
    named[`output.attentions.${i}`] = block.probabilities(x, inference);
    x = outputs.get(block.name) as tf.Tensor;
  }
  named[`output.hidden_states.${model.config.numLayers}`] = outputs.get('final_norm') as tf.Tensor;
  return named;
}

async function languageModel(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('input_ids');
  const model = await fromPretrained(golden.directory);
  await roundTrip(golden, model, fromPretrained);
  const {loss, gradients} = gradientsOf(model, () => model.loss(tokens));
  const frozen = new Set(golden.description.frozen_parameters as string[]);
  const ours = authorsGradients(model, gradients, '');
  const wrong = Object.keys(ours).filter((name) => frozen.has(name));
  if (wrong.length > 0) throw new Error(`trains ${wrong}, which the authors' code does not`);
  const logits = model.logits(tokens);
  await requireAlike(feed(model, tokens), logits, 5e-5);
  return {
    'output.logits': logits,
    loss: loss.as1D(),
    ...authorsGradients(model, gradients),
    ...inside(model, tokens),
  };
}

goldenTests(import.meta.url, {'shaped-attention': attentionOf, block: blockOf, lm: languageModel});

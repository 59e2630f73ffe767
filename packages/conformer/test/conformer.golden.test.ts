import {
  type Actual,
  authorsGradients,
  type GoldenCase,
  goldenTests,
  gradientsOf,
  roundTrip,
} from '@variants-tooling/golden';
import {fromPretrained} from '../src';
import {audioKinds} from './audio/audio-cases';

// REPLACE: a function for each kind of case, and what else the authors' code gives: states, inner outputs, operators.
//
// A case is a folder test/golden/<case>/, found by being there, with what the authors' code makes of a tiny configuration:
//   case.json              {"kind": "lm", "source": "<repository>@<commit> <file>:<class>", "seed": 1}
//   config.json            its configuration
//   model.safetensors      its weights, under its names
//   expected.safetensors   input.tokens, output.logits, loss, grad.<weight>, ...: all but input.* and probe* is compared

async function languageModel(golden: GoldenCase): Promise<Actual> {
  const tokens = golden.input('tokens');
  const model = await fromPretrained(golden.directory);
  await roundTrip(golden, model, fromPretrained);
  const {loss, gradients} = gradientsOf(model, () => model.loss(tokens));
  return {'output.logits': model.logits(tokens), loss: loss.as1D(), ...authorsGradients(model, gradients)};
}

goldenTests(import.meta.url, {lm: languageModel, ...audioKinds});

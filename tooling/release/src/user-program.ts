import * as tf from '@tensorflow/tfjs';
import {byteTokenizer, type LanguageModel, start} from '@variants/core';

/** What a package keeps in `test/pack/model.ts`. */
interface PackageModel<Model extends LanguageModel> {
  create: () => Model;
  /** What the trained model becomes before it generates. Default: it stays as it is. */
  finish?: (trained: Model) => Promise<LanguageModel>;
}

/** A user's program: it trains a little and generates, from the installed packages. */
export async function trainAndGenerate<Model extends LanguageModel>({
  create,
  finish,
}: PackageModel<Model>): Promise<void> {
  await start({engine: 'cpu'});
  const model = create();
  const tokens = tf.tensor2d([byteTokenizer.encode('the whale')], undefined, 'int32');
  const optimizer = tf.train.adam(0.02);
  const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const lossOf = () => model.loss(tokens);
  const before = lossOf().dataSync()[0];
  for (let step = 0; step < 20; step++) optimizer.minimize(lossOf, false, weights);
  const after = lossOf().dataSync()[0];
  if (!(after < before)) throw new Error(`the loss did not fall: ${before} to ${after}`);
  const finished = finish ? await finish(model) : model;
  let text = '';
  for await (const piece of finished.generate('the', {tokenizer: byteTokenizer, maxTokens: 6, temperature: 0}))
    text += piece;
  console.log(`loss ${before.toFixed(2)} to ${after.toFixed(2)}, "${text}"`);
}

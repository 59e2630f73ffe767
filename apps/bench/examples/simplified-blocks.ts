/**
 * The claim of simplified Transformer blocks, fewer parameters and more tokens a second at equal loss: Pre-LN, SAS and SAS-P of
 * the same width and depth, trained for the same steps on the default text. Forms take turns, so that what else the machine
 * does meets all alike. Each run is printed when it is there, and a table of mean and range in the end.
 *
 *     npx tsx apps/bench/examples/simplified-blocks.ts [--steps 1000] [--seeds 0,1,2] [--width 128] [--layers 6]
 */
import {parseArgs} from 'node:util';
import {start} from '@variants/core';
import {blocks, simplifiedTransformer} from '@variants/simplified-transformer';
import {evaluate, readText, textWindows, train} from '@variants/train';
import Table from 'cli-table3';
import {median} from '../src/decoding';

const {values: given} = parseArgs({
  options: {
    steps: {type: 'string', default: '1000'},
    seeds: {type: 'string', default: '0,1,2'},
    width: {type: 'string', default: '128'},
    layers: {type: 'string', default: '6'},
  },
});
const [steps, hiddenSize, numLayers] = [given.steps, given.width, given.layers].map(Number);
const seeds = given.seeds.split(',').map(Number);
const sequenceLength = 128;
const shape = {
  vocabSize: 256,
  hiddenSize,
  numLayers,
  numHeads: Math.max(1, Math.round(hiddenSize / 32)),
  maxSequenceLength: sequenceLength,
};

const forms = {
  'Pre-LN': blocks.preNorm,
  SAS: blocks.sas,
  'SAS-P': blocks.sasParallel,
  'SAS-P without norms': blocks.sasParallelWithoutNorms,
};
type Form = keyof typeof forms;

/** What a form came to with a seed. */
interface Run {
  parameters: number;
  /** The median over the steps. */
  tokensPerSecond: number;
  /** Nats a byte on held-out text. */
  loss: number;
}

async function trained(form: Form, seed: number): Promise<Run> {
  const model = simplifiedTransformer({...shape, ...forms[form], seed});
  const speeds: number[] = [];
  for await (const step of train(model, text.training, {
    steps,
    batchSize: 16,
    // The authors' rate, weight decay and clipping; warm-up as theirs, 5 % of the steps.
    learningRate: 1e-3,
    weightDecay: 0.1,
    clipNorm: 1,
    warmupSteps: Math.round(0.05 * steps),
    schedule: 'linear',
    seed,
  }))
    speeds.push(step.tokensPerSecond);
  const {loss} = await evaluate(model, text.validation);
  const parameters = model.countParams();
  model.dispose();
  return {parameters, tokensPerSecond: median(speeds), loss};
}

const meanOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

const withRange = (values: number[], digits: number) =>
  `${meanOf(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} … ${Math.max(...values).toFixed(digits)})`;

await start({engine: 'simd'});
const text = textWindows(await readText('moby-dick'), {sequenceLength});
const names = Object.keys(forms) as Form[];
const runs = new Map<Form, Run[]>(names.map((name) => [name, []]));
for (const seed of seeds)
  for (const name of names) {
    const run = await trained(name, seed);
    runs.get(name)?.push(run);
    console.log(
      `${name}, seed ${seed}: ${run.loss.toFixed(4)} nats a byte, ${Math.round(run.tokensPerSecond)} tokens/s`,
    );
  }

const baseline = runs.get('Pre-LN') as Run[];
const relative = (own: Run[], of: (run: Run) => number) =>
  withRange(
    own.map((run, i) => of(run) / of(baseline[i])),
    2,
  );
const table = new Table({head: ['block', 'parameters', 'tokens/s to Pre-LN', 'loss', 'loss to Pre-LN']});
for (const [name, own] of runs)
  table.push([
    name,
    own[0].parameters.toLocaleString('en'),
    relative(own, ({tokensPerSecond}) => tokensPerSecond),
    withRange(
      own.map(({loss}) => loss),
      3,
    ),
    relative(own, ({loss}) => loss),
  ]);
console.log(table.toString());

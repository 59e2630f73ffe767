// Trains for as long as it is let; says when it begins, and how many steps it has done. Its arguments: the directory to
// save to, and 'trains', 'listens' or 'waits' for what else it does.
import {train} from '../../src/index';
import {training} from '../sources';
import {TinyModel} from '../tiny-model';

const [saveTo, habit] = process.argv.slice(2);
if (habit === 'listens') process.on('SIGINT', () => console.log('asked'));
const options = {steps: Infinity, batchSize: 2, saveTo, saveEvery: Infinity, schedule: 'constant'} as const;
for await (const {number} of train(new TinyModel(), training, options)) {
  if (number === 3 || habit === 'waits') console.log('trains');
  // The body of the loop has the floor and does not give it back.
  if (habit === 'waits') await new Promise((resolve) => setTimeout(resolve, 1e9));
  if (habit === 'listens' && number === 1000) break;
}

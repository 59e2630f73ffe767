import * as tf from '@tensorflow/tfjs';
import {setThreads} from '@variants/core/simd';
import {trainingStep} from './peers/simd/model';
import type {Sizes} from './tasks/cases';

/** Steps that are not counted, until everything is compiled, and steps that are. */
const warmUp = 10;
const counted = 40;

/** What a kernel took in a step. */
interface Share {
  name: string;
  calls: number;
  milliseconds: number;
}

/**
 * Where the time of the benchmark's training step goes: each kernel of the engine with its calls and milliseconds per step,
 * the longest first, then what runs between kernels (tfjs, the tape of gradients, the loop), and the whole.
 * @param threads The engine's.
 */
export async function profileTraining({training}: Pick<Sizes, 'training'>, threads: number): Promise<Share[]> {
  await setThreads(threads);
  await tf.setBackend('simd');
  const times = timeKernels('simd');
  const step = trainingStep({operation: 'trainingStep', ...training});
  for (let i = 0; i < warmUp; i++) await step.run();
  times.clear();
  const start = performance.now();
  for (let i = 0; i < counted; i++) await step.run();
  const whole = (performance.now() - start) / counted;
  await step.dispose();
  const shares = [...times].map(([name, {calls, milliseconds}]) => ({
    name,
    calls: calls / counted,
    milliseconds: milliseconds / counted,
  }));
  shares.sort((a, b) => b.milliseconds - a.milliseconds);
  const between = whole - shares.reduce((sum, {milliseconds}) => sum + milliseconds, 0);
  const calls = shares.reduce((sum, share) => sum + share.calls, 0);
  return [
    ...shares,
    {name: 'between kernels', calls: 0, milliseconds: between},
    {name: 'step', calls, milliseconds: whole},
  ];
}

/** From now on, sums up the calls of each of a backend's kernels and what they take. */
function timeKernels(backendName: string): Map<string, Share> {
  const times = new Map<string, Share>();
  for (const {kernelName, kernelFunc, ...rest} of tf.getKernelsForBackend(backendName)) {
    tf.unregisterKernel(kernelName, backendName);
    const timed: tf.KernelFunc = (call) => {
      const start = performance.now();
      const result = kernelFunc(call);
      const share = times.get(kernelName) ?? {name: kernelName, calls: 0, milliseconds: 0};
      share.calls++;
      share.milliseconds += performance.now() - start;
      times.set(kernelName, share);
      return result;
    };
    tf.registerKernel({...rest, kernelName, kernelFunc: timed});
  }
  return times;
}

/** The shares as a table in Markdown; kernels of less than a hundredth of the step are one line. */
export function formatProfile(shares: readonly Share[]): string {
  const step = shares[shares.length - 1];
  const isSmall = ({name, milliseconds}: Share) => name !== 'between kernels' && milliseconds < step.milliseconds / 100;
  const small = shares.filter(isSmall);
  const sum = (of: 'calls' | 'milliseconds') => small.reduce((total, share) => total + share[of], 0);
  const rest = {name: `${small.length} other kernels`, calls: sum('calls'), milliseconds: sum('milliseconds')};
  const large = shares.filter((share) => !isSmall(share));
  const rows = [...large.slice(0, -2), ...(small.length > 0 ? [rest] : []), ...large.slice(-2)];
  const line = ({name, calls, milliseconds}: Share) =>
    `| ${name} | ${calls === 0 ? '' : calls} | ${milliseconds.toFixed(2)} | ${((100 * milliseconds) / step.milliseconds).toFixed(0)} % |`;
  return ['| kernel | calls | ms | share |', '| --- | --- | --- | --- |', ...rows.map(line)].join('\n');
}

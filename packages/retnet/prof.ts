import * as tf from '@tensorflow/tfjs';
import {start, byteTokenizer} from '@variants/core';
import {retnet, card} from './src';
import {transformer, card as tcard} from '../transformer/src';
import {train, textWindows, readText} from '@variants/train';
async function main() {
  const engine = process.argv[2] ?? 'simd';
  if (engine==='wasm') await import('@tensorflow/tfjs-backend-wasm' as string);
  await start({engine, ...(engine==='simd'?{threads: Number(process.argv[4]??2)}:{})});
  const which = process.argv[3] ?? 'retnet';
  const model = which==='retnet' ? retnet(card.sized({parameters:100000,vocabSize:256,maxSequenceLength:1024})) : transformer(tcard.sized({parameters:100000,vocabSize:256,maxSequenceLength:1024}));
  const data = textWindows(await readText('moby-dick'), {sequenceLength: 64, tokenizer: byteTokenizer});
  const times = new Map<string,[number,number]>();
  const e = tf.engine() as any; 
  const orig = (tf as any).getKernel;
  for (const k of tf.getKernelsForBackend(engine)) { const f = k.kernelFunc; tf.unregisterKernel(k.kernelName, engine); tf.registerKernel({...k, kernelFunc: (c) => { const t=performance.now(); const r=f(c); const d=performance.now()-t; const s=times.get(k.kernelName)??[0,0]; s[0]+=d; s[1]++; times.set(k.kernelName,s); return r; }}); }
  let n=0; let t0=0;
  for await (const step of train(model, data.training, {steps: 25, batchSize: 8, learningRate: 3e-3})) { n++; if (n===5) {times.clear(); t0=performance.now();} }
  const total = performance.now()-t0;
  console.log(engine, which, 'ms/step', (total/20).toFixed(1));
  for (const [k,[d,c]] of [...times].sort((a,b)=>b[1][0]-a[1][0]).slice(0,30)) console.log(k.padEnd(26), (d/20).toFixed(2), c/20);
  console.log('kernels', ([...times].reduce((s,[,[d]])=>s+d,0)/20).toFixed(1), 'calls', [...times].reduce((s,[,[,c]])=>s+c,0)/20);
  process.exit(0);
}
main();

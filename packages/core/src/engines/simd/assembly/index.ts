export {run, runAlone, serve, setScratch} from './runtime';
export {jobAttention} from './attention';
export {jobAttentionGradient} from './attention-gradient';
export {jobGemm, jobPack} from './gemm';
export {jobTranspose} from './transpose';
export {jobBinary} from './binary';
export {jobUnary} from './unary';
export {jobReduce} from './reduce';
export {jobArg} from './arg';
export {jobScan} from './scan';
export {
  jobCrossEntropy, jobCrossEntropyGradient, jobLayerNorm, jobLayerNormGradient, jobRmsNorm, jobRmsNormGradient,
  jobSoftmax,
} from './rows';
export {jobCopy} from './copy';
export {jobRotary} from './rotary';
export {jobAddN} from './add-n';
export {jobFill, jobSelect} from './select';

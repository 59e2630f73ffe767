export {run, runAlone, serve} from './runtime';
export {jobGemm, jobPack} from './gemm';
export {jobTranspose} from './transpose';

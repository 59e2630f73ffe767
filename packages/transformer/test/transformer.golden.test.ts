import {goldenTests} from '@variants-tooling/golden';
import {decoderKinds} from './decoder-kinds';
import {seq2seqKinds} from './seq2seq-kinds';
import {trainingRun} from './training-kind';

goldenTests(import.meta.url, {...decoderKinds, ...seq2seqKinds, 'training-run': trainingRun});

import {goldenTests} from '@variants-tooling/golden';
import {decoderKinds} from './decoder-kinds';

goldenTests(import.meta.url, decoderKinds);

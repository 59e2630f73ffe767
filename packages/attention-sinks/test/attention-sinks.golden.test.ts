import {goldenTests} from '@variants-tooling/golden';
import {operatorKinds} from './operator-kinds';
import {streamKinds} from './stream-kinds';

goldenTests(import.meta.url, {...operatorKinds, ...streamKinds});

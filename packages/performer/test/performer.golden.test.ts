import {goldenTests} from '@variants-tooling/golden';
import {operatorKinds} from './operator-kinds';

goldenTests(import.meta.url, {...operatorKinds});

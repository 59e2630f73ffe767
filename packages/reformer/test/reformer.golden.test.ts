import {goldenTests} from '@variants-tooling/golden';
import {lucidrainsKinds} from './lucidrains-kinds';
import {modelKinds} from './model-kinds';
import {operatorKinds} from './operator-kinds';

goldenTests(import.meta.url, {...operatorKinds, ...modelKinds, ...lucidrainsKinds});

export {default} from '../../tooling/tsup/src/index';

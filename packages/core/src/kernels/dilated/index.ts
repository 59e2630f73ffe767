export {type MergeDilatedOptions, mergeDilated} from './merge';
export {type DilatedPattern, type DilatedShape, dilatedOffsets, dilatedShape} from './pattern';
export {dilatedRows} from './rows';

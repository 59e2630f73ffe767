export {CheckpointError, ConfigError, DataError, EngineError, ShapeError, VariantsError} from './errors';
export {Random, type RandomState} from './random';
export {byteTokenizer, type StreamDecoder, type Tokenizer} from './tokenizer';

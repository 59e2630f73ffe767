import {llama} from './llama';
import {mpt} from './mpt';

/** The layouts that checkpoints come in, by family. */
export const layouts = {llama, mpt};

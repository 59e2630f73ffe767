import '../../one-copy';

export type {EngineMemoryInfo} from './backend';
export {setThreads} from './register';

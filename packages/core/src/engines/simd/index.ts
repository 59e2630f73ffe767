import '../../one-copy';

export {setThreads} from './register';

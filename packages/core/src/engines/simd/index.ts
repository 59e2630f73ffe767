export {setThreads} from './register';

export {launchBrowser, noBrowser} from './browser';
export {type PageReport, runFolder} from './folder';

import {browserTests} from '../src/browser-tests';

browserTests('isolated', ['isolated-without-workers']);

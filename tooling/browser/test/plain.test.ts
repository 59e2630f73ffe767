import {browserTests} from '../src/browser-tests';

browserTests('plain');

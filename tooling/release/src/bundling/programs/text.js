import {readText} from '@variants/train';

globalThis.result = readText('moby-dick').then(({length}) => ({length}));

import {readmeTests} from '@variants-tooling/readme';

readmeTests(import.meta.url);

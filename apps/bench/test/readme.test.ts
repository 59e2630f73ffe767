import {readmeTests} from '@variants-tooling/readme';

// The README of the workspace: the folder itself has no tests.
readmeTests(import.meta.url, '../../README.md');

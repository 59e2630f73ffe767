import {defineConfig} from 'vitest/config';
import {workspaceTests} from './tooling/vitest/src/projects.ts';

export default defineConfig({test: workspaceTests(import.meta.dirname)});

import {defineConfig} from 'vitest/config';

const project = (name: string, check: string) => ({
  extends: true as const,
  test: {name, include: [`checks/${check}.check.ts`]},
});

/** What holds of the packages as they are published. The tests proper have nothing to do with these: they read the sources. */
export default defineConfig({
  root: import.meta.dirname,
  test: {
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // A report of an interface is only written when asked for.
    update: 'none',
    reporters: ['verbose'],
    projects: [
      project('copies', 'copies'),
      project('tarballs', 'tarball'),
      project('interfaces', 'interface'),
      project('pack', '{installed,bundled}'),
    ],
  },
});

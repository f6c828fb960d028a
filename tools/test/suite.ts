/** The portable tests as one bundle, for every runtime that is asked to run them. */
import { globSync } from 'node:fs'
import { type BuildOptions, build } from 'esbuild'
import { portableTests, seed } from './portable.ts'

/**
 * Writes `suite.mjs`, a module, and `suite.js`, a script whose `suite` has the same exports, into a folder.
 *
 * @param only - parts of paths; none for all tests
 * @returns how many files of tests are in it. Rejects when esbuild, which has said why, cannot build it.
 */
export async function bundleSuite(out: string, only: readonly string[] = []): Promise<number> {
  const tests = globSync(portableTests)
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => only.length === 0 || only.some((part) => file.includes(part)))
    .sort()
  const options: BuildOptions = {
    entryPoints: ['test/runtime/entry.ts'],
    bundle: true,
    platform: 'browser', // node:* does not resolve: a Node import anywhere is a build error
    target: 'es2022',
    alias: { vitest: './test/support/bare.ts' },
    define: { process: 'undefined' }, // chai's colours ask for it; ours must not
    ignoreAnnotations: true, // "sideEffects": false would drop every test file
    plugins: [
      {
        name: 'portable-tests',
        setup(b): void {
          b.onResolve({ filter: /^portable-tests$/ }, () => ({ path: 'all', namespace: 'tests' }))
          b.onLoad({ filter: /./, namespace: 'tests' }, () => ({
            contents: [
              `import { configureGlobal } from 'fast-check'`,
              `configureGlobal({ seed: ${seed()} })`,
              ...tests.map((file) => `import './${file}'`),
            ].join('\n'),
            resolveDir: '.',
          }))
        },
      },
    ],
  }

  await build({ ...options, format: 'esm', outfile: `${out}/suite.mjs` })
  await build({ ...options, format: 'iife', globalName: 'suite', outfile: `${out}/suite.js` })

  return tests.length
}

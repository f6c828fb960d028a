/**
 * Builds `dist/node` of `node/`. Its files import those of `src/`, which are in `dist/` itself: what the compiler makes of them
 * again is dropped, and `../src/` becomes `../`.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

const at = 'dist/.node'
execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.node.json'], { stdio: 'inherit' })
cpSync(`${at}/node`, 'dist/node', { recursive: true })
rmSync(at, { recursive: true })
for (const file of globSync('dist/node/*.{js,d.ts}')) {
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(`'../src/`, `'../`))
}

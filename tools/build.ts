/**
 * `npm run build` writes `dist/`, which is what npm gets: one file of code for each door, chunks for what doors share, the command in one file, and the
 * declarations that a door can reach. docs/decisions/0013-package.md says why the files of `src/` are not published one by one.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bundleCommand, bundleDoors } from './build/bundle.ts'
import { findReachable } from './build/reachable.ts'
import { sourceOf } from './check/rules/jsr.ts'

const typesFolder = 'dist/.types'
const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Record<string, string | { types: string; default: string }>
}
const doors = Object.values(exports).filter((files) => typeof files !== 'string')

rmSync('dist', { recursive: true, force: true })
for (const [path, text] of await bundleDoors(
  doors.map((files) => ({ source: sourceOf(files.default), output: files.default })),
)) {
  write(path, text)
}
write('dist/cli/main.js', await bundleCommand('cli/main.ts'))

execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' })
for (const [path, text] of findReachable(
  doors.map((files) => declarationOf(sourceOf(files.default))),
  (path) => readFileSync(path, 'utf8'),
)) {
  write(publishedPath(path), path.startsWith(`${typesFolder}/node/`) ? flatten(text) : text)
}
rmSync(typesFolder, { recursive: true })

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** Finds where the compiler wrote the declarations of this source. */
function declarationOf(source: string): string {
  return join(typesFolder, source.replace(/\.ts$/, '.d.ts'))
}

/** In `dist/` the files of `src/` lie at the top, those of `node/` in a folder beside them. */
function publishedPath(path: string): string {
  return path.replace(`${typesFolder}/src/`, 'dist/').replace(`${typesFolder}/node/`, 'dist/node/')
}

/** Declarations of `node/` import those of `src/`, which lie one folder up in `dist/`. */
function flatten(text: string): string {
  return text.replaceAll(/(['"])\.\.\/src\//g, '$1../')
}

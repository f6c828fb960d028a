/**
 * `npm run check:jsr`: `jsr.json` says what package.json says, and the registry would take the package as it is: types
 * that need no inference ("no slow types"), but for the one global name that bindings are typed by.
 * docs/decisions/0005-jsr.md says why that one stays. Nothing is published and nothing fetched.
 *
 * `node tools/check/jsr.ts --write` brings jsr.json in step with package.json.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { inStep, jsrFaults, type Manifest, problemsOf } from './rules/jsr.ts'

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))
const [npm, written] = [read('package.json') as Manifest, read('jsr.json') as Manifest]
const jsr = process.argv.includes('--write')
  ? { ...written, version: npm.version, ...inStep(npm) }
  : written
if (jsr !== written) {
  writeFileSync('jsr.json', `${JSON.stringify(jsr, null, 2)}\n`)
  spawnSync('node_modules/.bin/biome', ['format', '--write', 'jsr.json'])
}
const faults = jsrFaults(npm, jsr)
if (faults.length > 0) faults.push('If package.json is right: node tools/check/jsr.ts --write')

const { stdout, stderr } = spawnSync(
  'node_modules/.bin/deno',
  ['publish', '--dry-run', '--allow-dirty', '--no-check', '--config', 'jsr.json'],
  { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' } },
)
const said = stdout + stderr
const problems = problemsOf(said)
const welcome = problems.filter(
  ({ code, file }) => code === 'unsupported-global-module' && file === 'src/types.ts',
)
for (const { code, file, line } of problems.filter((problem) => !welcome.includes(problem))) {
  faults.push(`${file}:${line}: ${code}`)
}
if (welcome.length !== 1)
  faults.push(`the global name of bindings was found ${welcome.length} times:\n${said}`)
if (!/Found 1 problem\b/.test(said) && faults.length === 0) faults.push(said)

for (const fault of faults) console.error(fault)
if (faults.length === 0)
  console.log('jsr: in step with package.json, no slow type but the one that is known')
process.exitCode = faults.length > 0 ? 1 : 0

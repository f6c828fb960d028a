import { describe, expect, it } from 'vitest'
import { jsrFaults, type Manifest, problemsOf } from '../../../tools/check/rules/jsr.ts'

const npm: Manifest = {
  name: 'portcullis',
  version: '1.0.0',
  license: 'MIT',
  exports: {
    './session': { default: './dist/session/index.js' },
    './package.json': './package.json',
  },
  dependencies: { jose: '^6.0.0' },
  peerDependencies: { hono: '^4.0.0' },
}
const jsr: Manifest = {
  name: '@portcullis/portcullis',
  version: '1.0.0',
  license: 'MIT',
  exports: { './session': './src/session/index.ts' },
  imports: { jose: 'npm:jose@^6.0.0', hono: 'npm:hono@^4.0.0' },
}

describe('jsr.json', () => {
  it.each([
    ['in step', jsr, []],
    [
      'of another version',
      { ...jsr, version: '1.0.1' },
      ['jsr.json: version is 1.0.1, in package.json 1.0.0'],
    ],
    [
      'without a scope',
      { ...jsr, name: 'portcullis' },
      ['jsr.json: name must be @scope/portcullis'],
    ],
    [
      'without a door',
      { ...jsr, exports: {} },
      ['jsr.json: exports ./session is missing, should be ./src/session/index.ts'],
    ],
    [
      'with a door that is gone',
      { ...jsr, exports: { ...jsr.exports, './x': './src/x.ts' } },
      ['jsr.json: exports ./x is ./src/x.ts, should be gone'],
    ],
    [
      'with another range',
      { ...jsr, imports: { ...jsr.imports, hono: 'npm:hono@^3' } },
      ['jsr.json: imports hono is npm:hono@^3, should be npm:hono@^4.0.0'],
    ],
  ])('%s', (_, given, faults) => {
    expect(jsrFaults(npm, given)).toEqual(faults)
  })
})

it('reads what deno says', () => {
  const said = `Checking for slow types in the public API...
error[unsupported-global-module]: found global augmentations, which are not supported
   --> /somewhere/src/types.ts:3:1
    |
error[missing-explicit-return-type]: missing explicit return type in the public API
   --> /somewhere/src/session/x.ts:12:17
`
  expect(problemsOf(said)).toEqual([
    { code: 'unsupported-global-module', file: 'src/types.ts', line: 3 },
    { code: 'missing-explicit-return-type', file: 'src/session/x.ts', line: 12 },
  ])
})

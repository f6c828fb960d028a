/** What the build for npm does to the sources. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { findImpure } from '../../../tools/build/bundle.ts'
import { removeBareImports, restoreConstants, sortImports } from '../../../tools/build/chunk.ts'
import { findReachable } from '../../../tools/build/reachable.ts'
import { fileFaults, partFaults } from '../../../tools/check/rules/package.ts'

const folder = mkdtempSync(join(tmpdir(), 'portcullis-build-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('modules of which a bundle keeps something that nobody imported', () => {
  it.each([
    ['a function and a list of texts', "export const a = ['x']\nexport function b() {}", false],
    ['a call that is marked', 'export const a = /* @__PURE__ */ make()\nfunction make() {}', false],
    ['an import of a file', "import { a } from './a.ts'\nexport const b = () => a", false],
    [
      'an import of jose',
      "import { jwtVerify } from 'jose'\nexport const b = () => jwtVerify",
      false,
    ],
    ['a call', 'export const a = make()\nfunction make() {}', true],
    ['an object of a platform', 'export const a = new TextEncoder()', true],
    ['a loop', 'export const a = []\nfor (const b of "xy") a.push(b)', true],
    ['an import of hono', "import { a } from 'hono/route'\nexport const b = () => a", true],
  ])('%s', async (_, code, isImpure) => {
    const path = join(folder, 'module.ts')
    writeFileSync(path, code)
    expect(await findImpure([path])).toEqual(isImpure ? [path] : [])
  })
})

describe('a chunk', () => {
  it('imports nothing without a name', () => {
    expect(removeBareImports('import "./a.js";\nimport { b } from "./b.js";\nb();\n')).toBe(
      'import { b } from "./b.js";\nb();\n',
    )
  })

  it('has constants again, but where the code assigns', async () => {
    const code = [
      'var limit = 1e3;',
      'var name = "a\\"b";',
      'var count = 0;',
      'var last = "";',
      'var made = make();',
      'function make() {',
      '  count++;',
      '  [last] = [name];',
      '  return limit;',
      '}',
    ]
    const lines = (await restoreConstants(code.join('\n'))).split('\n')
    expect(lines.slice(0, 5)).toEqual([
      'const limit = 1e3;',
      'const name = "a\\"b";',
      'var count = 0;',
      'var last = "";',
      'var made = make();',
    ])
    expect(lines.slice(5)).toEqual(code.slice(5))
  })

  it('has its imports in the order of their keys', () => {
    const code = 'import {\n  a\n} from "./1.js";\nimport { b } from "./2.js";\n\na(b);\n'
    const keys: Record<string, string> = { './1.js': 'z', './2.js': 'y' }
    expect(sortImports(code, (specifier) => keys[specifier] ?? '')).toBe(
      'import { b } from "./2.js";\nimport {\n  a\n} from "./1.js";\n\na(b);\n',
    )
  })
})

describe('files that an entry can reach', () => {
  it('are those that it imports, directly or not, and none of an example', () => {
    const files: Record<string, string> = {
      'dist/a/index.d.ts': "export { type B, b } from './b.ts';\nimport type { X } from 'hono';",
      'dist/a/b.d.ts':
        " * import { no } from './no.ts'\nexport declare const b: import('../c.ts').C;",
      'dist/c.d.ts': "import type {\n  D,\n} from './d.d.ts'",
      'dist/d.d.ts': 'export interface D {}',
    }
    const reached = findReachable(['./dist/a/index.d.ts'], (path) => {
      const text = files[path]
      if (text === undefined) throw new Error(path)
      return text
    })
    expect([...reached.keys()].sort()).toEqual(Object.keys(files).sort())
  })
})

describe('the packed form', () => {
  it('has fewer than 700 files', () => {
    expect(fileFaults(699)).toEqual([])
    expect(fileFaults(700)).toEqual(['the tarball holds 700 files, not fewer than 700'])
  })

  it('weighs what the sources weigh and holds no words that they lack', () => {
    const source = { text: 'a("session","create")', bytes: 1000 }
    expect(partFaults('x', source, { text: 'b("create","session")', bytes: 1010 })).toEqual([])
    expect(partFaults('x', source, { text: 'a("evalsha","create")', bytes: 1011 })).toEqual([
      'x weighs 1011 bytes packed, 1000 from the sources',
      'x holds what nobody imported: evalsha',
    ])
  })
})

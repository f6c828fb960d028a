// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the planted files hold templates.
import { describe, expect, it } from 'vitest'
import { checkLayers } from '../../../tools/check/rules/layers.ts'
import { codeOf, exportsOf, importsOf } from '../../../tools/check/rules/source.ts'

const check = (files: Record<string, string>): string[] =>
  checkLayers(new Map(Object.entries(files)))

describe('sound modules', () => {
  it('has nothing to say about imports of lower layers, of the module and of allowed packages', () => {
    expect(
      check({
        'src/errors.ts': 'export const a = 1\n',
        'src/crypto/seal.ts':
          "import { a } from '../errors.ts'\nimport { b } from './bytes.ts'\nexport const s = a + b\n",
        'src/crypto/bytes.ts': 'export const b = 1\n',
        'src/crypto/index.ts':
          "/** Doors. */\nexport { s } from './seal.ts'\nexport type { B } from './bytes.ts'\n",
        'src/session/middleware.ts':
          "import { createMiddleware } from 'hono/factory'\nimport { s } from '../crypto/index.ts'\n",
        'src/assertion/verify.ts':
          "import { jwtVerify } from 'jose'\nimport { a } from '../request/context.ts'\n",
        'src/limit/upstash.ts': "import { Ratelimit } from '@upstash/ratelimit'\n",
        'src/index.ts': "export { s } from './crypto/index.ts'\n",
        'worker/index.ts':
          "import { s } from '../src/index.ts'\nimport { u } from '../src/store/upstash.ts'\nimport './env.ts'\nexport default { s, u }\n",
        'tools/any.ts': "import { readFileSync } from 'node:fs'\n",
      }),
    ).toEqual([])
  })
})

describe('a planted problem', () => {
  it.each([
    [
      'imports a higher layer',
      'src/crypto/a.ts',
      "import { s } from '../session/b.ts'",
      'layer 3 imports src/session/b.ts of layer 5',
    ],
    [
      'imports a higher layer for a type',
      'src/crypto/a.ts',
      "import type { S } from '../session/b.ts'",
      'layer 3 imports',
    ],
    [
      'imports a higher layer by export-from',
      'src/crypto/a.ts',
      "export { s } from '../session/b.ts'",
      'layer 3 imports',
    ],
    [
      'imports a higher layer by export-star',
      'src/crypto/a.ts',
      "export * from '../session/b.ts'",
      'layer 3 imports',
    ],
    [
      'imports a higher layer for a side effect',
      'src/crypto/a.ts',
      "import '../session/b.ts'",
      'layer 3 imports',
    ],
    [
      'imports a higher layer over many lines',
      'src/crypto/a.ts',
      "import {\n  // don't\n  a,\n  type B,\n} from '../session/b.ts'",
      'layer 3 imports',
    ],
    [
      'imports a higher layer lazily',
      'src/crypto/a.ts',
      "export const s = () => import('../session/b.ts')",
      'layer 3 imports',
    ],
    [
      'imports a higher layer inside a type',
      'src/crypto/a.ts',
      "export type S = import('../session/b.ts').S",
      'layer 3 imports',
    ],
    [
      'imports what is computed',
      'src/crypto/a.ts',
      'export const s = (x: string) => import(x)',
      'not written out',
    ],
    [
      'imports a template',
      'src/crypto/a.ts',
      'export const s = import(`./${1}.ts`)',
      'not written out',
    ],
    [
      'imports a module of its own layer',
      'src/csrf/a.ts',
      "import { s } from '../headers/b.ts'",
      'csrf and headers are in one layer and may not import each other',
    ],
    [
      'imports a module of its own layer on the lowest layer',
      'src/types.ts',
      "import { s } from './errors.ts'",
      'may not import each other',
    ],
    [
      'has no layer',
      'src/attic/a.ts',
      "import { s } from '../errors.ts'",
      'no layer for src/attic/a.ts',
    ],
    [
      'imports a module without a layer',
      'src/crypto/a.ts',
      "import { s } from '../attic/b.ts'",
      'no layer for src/attic/b.ts',
    ],
    [
      'leaves src',
      'src/crypto/a.ts',
      "import { s } from '../../tools/layers.ts'",
      'no layer for tools/layers.ts',
    ],
    [
      'imports a package of another module',
      'src/session/a.ts',
      "import { SignJWT } from 'jose'",
      'jose may not be imported here',
    ],
    [
      'imports hono in a core',
      'src/csrf/check.ts',
      "import type { Context } from 'hono'",
      'hono may not be imported here',
    ],
    [
      'imports a part of hono in a core',
      'src/csrf/check.ts',
      "import { x } from 'hono/factory'",
      'hono/factory may not be imported here',
    ],
    [
      'counts with a library outside its file',
      'src/limit/a.ts',
      "import { Ratelimit } from '@upstash/ratelimit'",
      '@upstash/ratelimit may not be imported here',
    ],
    [
      'asks for Node',
      'src/crypto/a.ts',
      "import { createHash } from 'node:crypto'",
      'node:crypto may not be imported here',
    ],
    [
      'asks for Node lazily',
      'src/crypto/a.ts',
      "export const c = await import('node:crypto')",
      'node:crypto may not be imported here',
    ],
    [
      'asks for a stranger',
      'src/crypto/a.ts',
      "import _ from 'lodash'",
      'lodash is not an allowed import',
    ],
    [
      'asks for a namesake',
      'src/stack/a.ts',
      "import x from 'hono-sessions'",
      'hono-sessions is not an allowed import',
    ],
    [
      'asks for Cloudflare in src',
      'src/gateway/a.ts',
      "import { env } from 'cloudflare:workers'",
      'cloudflare:workers may not be imported here',
    ],
    ['is oversized', 'src/crypto/a.ts', '\n'.repeat(350), '351 lines, more than 350'],
    [
      'is an oversized middleware',
      'src/csrf/middleware.ts',
      '\n'.repeat(80),
      '81 lines, more than 80',
    ],
    ['has a default export', 'src/crypto/a.ts', 'export default 1', 'has a default export'],
    [
      'has a default export by name',
      'src/crypto/a.ts',
      'const a = 1\nexport { a as default }',
      'has a default export',
    ],
    [
      'has an index with code',
      'src/crypto/index.ts',
      "export { a } from './a.ts'\nexport const b = 1",
      'holds more than export lines: export const b = 1',
    ],
    [
      'has an index with an import',
      'src/crypto/index.ts',
      "import { a } from './a.ts'\nexport { a }",
      'holds more than export lines',
    ],
    [
      'has an index below a module',
      'src/crypto/deep/index.ts',
      "export { a } from './a.ts'",
      'only a module has an index.ts',
    ],
    [
      'imports its own index',
      'src/crypto/a.ts',
      "import { s } from './index.ts'",
      'imports the index of its own module',
    ],
    [
      'imports past the entry points',
      'worker/index.ts',
      "import { s } from '../src/crypto/seal.ts'",
      'imports src/crypto/seal.ts, which is not an entry point',
    ],
    [
      'imports past the entry points for a type',
      'worker/env.ts',
      "import type { S } from '../src/crypto/seal.ts'",
      'is not an entry point',
    ],
    [
      'imports a tool',
      'worker/index.ts',
      "import { s } from '../tools/layers.ts'",
      'imports tools/layers.ts, which is not an entry point',
    ],
    [
      'asks for Node in the worker',
      'worker/index.ts',
      "import { s } from 'node:fs'",
      'node:fs may not be imported here',
    ],
    [
      'imports past the entry points from Node',
      'node/a.ts',
      "import { s } from '../src/crypto/seal.ts'",
      'is not an entry point',
    ],
  ])('is found when a file %s', (_, file, text, fault) => {
    const faults = check({ [file]: `${text}\n` })
    expect(faults).toEqual([expect.stringContaining(fault)])
    expect(faults[0]).toMatch(new RegExp(`^${file}: `))
  })
})

describe('a folder', () => {
  const filesIn = (folder: string, count: number): Record<string, string> =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `${folder}/file-${index}.ts`,
        '/** Empty. */\n',
      ]),
    )

  it('may hold fifteen files, and folders beside them', () => {
    expect(
      check({
        ...filesIn('src/crypto', 15),
        ...filesIn('src/crypto/keys', 15),
        ...filesIn('node', 16),
      }),
    ).toEqual([])
  })

  it.each([
    { folder: 'src/crypto' },
    { folder: 'src/session/stored/plain-store' },
    { folder: 'src' },
  ])('is named when a sixteenth file is put into it: $folder', ({ folder }) => {
    const problems = check(filesIn(folder, 16)).filter((problem) => problem.includes('holds'))
    expect(problems).toEqual([
      `${folder}/: holds 16 files, more than 15; give some of them a folder of their own`,
    ])
  })
})

describe('a circle', () => {
  it('is found inside one module, over three files, and told once', () => {
    expect(
      check({
        'src/crypto/a.ts': "import { b } from './b.ts'\n",
        'src/crypto/b.ts': "import { c } from './c.ts'\n",
        'src/crypto/c.ts': "export { a } from './a.ts'\n",
        'src/crypto/d.ts': "import { a } from './a.ts'\n",
      }),
    ).toEqual([
      'src/crypto/a.ts: imports itself in a circle: src/crypto/a.ts -> src/crypto/b.ts -> src/crypto/c.ts -> src/crypto/a.ts',
    ])
  })

  it('is none when types close it', () => {
    expect(
      check({
        'src/crypto/a.ts': "import { b } from './b.ts'\n",
        'src/crypto/b.ts':
          "import type { A } from './a.ts'\nexport type B = typeof import('./a.ts')\n",
      }),
    ).toEqual([])
  })

  it('is one when `type` stands only inside the braces: such an import is still run', () => {
    expect(
      check({
        'src/crypto/a.ts': "import { b } from './b.ts'\n",
        'src/crypto/b.ts': "import { type A } from './a.ts'\n",
      }),
    ).toHaveLength(1)
  })
})

describe('the reader of imports', () => {
  it.each([
    ['a block comment', "/*\nimport { a } from './a.ts'\n*/"],
    ['a line comment', "// import('./a.ts')"],
    ['a template', "const a = `\nimport { a } from './a.ts'\n`"],
    [
      'a template in a template',
      "const a = `${b ? `\nimport './a.ts'\n` : { c: '}' }}\nimport './b.ts'\n`",
    ],
    ['a string', `const a = "import('./a.ts')"`],
    ['a method of that name', "jwk.import('./a.ts')"],
    ['import.meta', 'const a = import.meta.url'],
    ['a list of exports', "export { a, b }\nconst c = './c.ts'"],
    [
      'a union in an exported interface',
      "export interface A {\n  b: 'c'\n}\nexport type D =\n  | 'e'",
    ],
    ['a string after an exported function', "export function from(a: string): void {\n  b('c')\n}"],
    [
      'an exported value',
      "export const a = 'a'\nexport type B = 'b'\nexport type { C }\nconst d = 'd'",
    ],
  ])('does not take %s for one', (_, text) => {
    expect(importsOf(text)).toEqual([])
  })

  it.each([
    ['a quote in a regular expression', "const a = /['`/*]/\nimport './a.ts'"],
    ['a slash in a class of one', "if (/[/']/.test(x)) y\nimport './a.ts'"],
    ['a division', "const a = b / c / d // it's\nimport './a.ts'"],
    ['a comment that looks like a string', "/** it's */\nimport './a.ts'"],
    ['a string that looks like a comment', "const a = '/*'\nimport './a.ts'"],
  ])('is not misled by %s', (_, text) => {
    expect(importsOf(text)).toEqual([{ name: './a.ts', typeOnly: false }])
  })

  it('keeps line numbers', () => {
    expect(codeOf('a /* b\nc */ d // e\n`f\n${g}`').split('\n')).toEqual([
      'a     ',
      '     d     ',
      '  ',
      '  g  ',
    ])
  })
})

describe('the reader of exports', () => {
  it.each([
    ["export { b, a, type C, d as e, type F as G } from './a.ts'", ['a', 'b', 'e'], ['C', 'G']],
    ["export type {\n  A,\n  B,\n} from './a.ts'", [], ['A', 'B']],
    ['export declare function a(): void;\nexport declare const b: 1;', ['a', 'b'], []],
    [
      'export interface A {}\nexport type B = 1\nexport abstract class C {}\nexport async function d() {}',
      ['C', 'd'],
      ['A', 'B'],
    ],
    ['const a = 1\n// export const b = 2\nexport {}', [], []],
  ])('lists %j', (text, values, types) => {
    expect(exportsOf(text)).toEqual({ values, types })
  })

  it('refuses export *', () => {
    expect(() => exportsOf("export * from './a.ts'")).toThrow('export *')
  })
})

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { blocksOf, pageFaults, snippetsOf } from '../../../tools/check/rules/readme.ts'

const page = (...lines: string[]): string => lines.join('\n')

describe('the blocks of a page', () => {
  it('are found with their line, in lists and behind longer fences too', () => {
    expect(
      blocksOf(
        page(
          '# A',
          '```ts',
          'a',
          '```',
          '- b',
          '  ```sh',
          '  c',
          '    d',
          '  ```',
          '````md',
          '```ts',
          'e',
          '```',
          '````',
          '~~~',
          'f',
          '~~~',
        ),
      ),
    ).toEqual([
      { info: 'ts', line: 3, text: 'a' },
      { info: 'sh', line: 7, text: 'c\n  d' },
      { info: 'md', line: 11, text: '```ts\ne\n```' },
      { info: '', line: 16, text: 'f' },
    ])
  })

  it('go to the end of the page when nothing closes them', () => {
    expect(blocksOf(page('```ts', 'a', ''))).toEqual([{ info: 'ts', line: 2, text: 'a\n' }])
  })

  it('are files under the name in their first line', () => {
    const text = page(
      '```ts',
      '// src/a.ts',
      '```',
      '```ts',
      '// a remark',
      '```',
      '```ts',
      '// src/a.ts',
      '```',
      '```sh',
      '```',
    )
    expect(snippetsOf(text).map(({ path }) => path)).toEqual([
      'src/a.ts',
      'line-5.ts',
      'src/a.line-8.ts',
    ])
  })
})

describe('without a compiler', () => {
  const faults = (...lines: string[]): string[] =>
    pageFaults(
      page(...lines),
      new Set(['dev', 'test', 'check:layers']),
      (path) => path === 'tools/dev/dev.ts',
    )

  it.each([
    [
      'scripts that exist',
      [
        '```sh',
        'npm ci && npm run dev -- --redis',
        'npm test',
        'npm run --silent check:layers',
        '```',
      ],
      [],
    ],
    ['a script that does not', ['```sh', 'npm run def', '```'], ['2: there is no npm script def']],
    ['npm start without one', ['```sh', 'npm start', '```'], ['2: there is no npm script start']],
    ['a tool that exists', ['```sh', 'node --watch tools/dev/dev.ts', '```'], []],
    [
      'a tool that does not',
      ['```sh', 'node tools/def.ts', '```'],
      ['2: there is no tools/def.ts'],
    ],
    [
      'a block that would escape',
      ['```ts ignore', 'a', '```'],
      [expect.stringContaining('2: a block marked "ts ignore"')],
    ],
    [
      'TypeScript by another name',
      ['```typescript', 'a', '```'],
      [expect.stringContaining('would not be compiled')],
    ],
    ['a block of nothing', ['```', 'a', '```'], [expect.stringContaining('without a language')]],
    ['JSON', ['```json', '{"a":1}', '```'], []],
    ['what is no JSON', ['```json', '{a:1}', '```'], [expect.stringContaining('2: not JSON')]],
    ['prose about scripts', ['npm run def'], []],
  ])('sees %s', (_, lines, found) => {
    expect(faults(...lines)).toEqual(found)
  })
})

describe('with the compiler', () => {
  const at = mkdtempSync(join(tmpdir(), 'portcullis-readme-'))
  afterAll(() => rmSync(at, { recursive: true, force: true }))

  const check = (...lines: string[]): { status: number | null; stderr: string } => {
    const path = join(at, 'page.md')
    writeFileSync(path, page(...lines))
    return spawnSync(process.execPath, ['tools/check/readme.ts', path], { encoding: 'utf8' })
  }

  it('passes a page whose blocks import what they need, and each other', () => {
    const { status, stderr } = check(
      '```ts',
      '// app/code.ts',
      "import type { ErrorCode } from 'portcullis'",
      "export const code: ErrorCode = 'ERR_CONFIG'",
      '```',
      '```ts',
      "import { Hono } from 'hono'",
      "import { code } from './app/code.ts'",
      'const app = new Hono()',
      'export default app.get("/", (c) => c.text(code))',
      '```',
      '```ts',
      'const app = await Promise.resolve(1)',
      '```',
    )
    expect([status, stderr]).toEqual([0, ''])
  })

  it.each([
    ['a name that the package does not export', "import { isPortcullisErrol } from 'portcullis'"],
    ['a door that is none', "import { a } from 'portcullis/attic'"],
    ['a type that does not fit', 'const a: string = 1'],
    ['a name out of nowhere', 'app.use(session())'],
    ['what does not parse', 'const = 1'],
  ])('fails on %s, naming page and line', (_, code) => {
    const { status, stderr } = check('# A page', '', '```ts', '// above', code, '```')
    expect(status).toBe(1)
    expect(stderr).toMatch(/page\.md:5: error TS\d+/)
  })

  it('keeps what one block declares for everybody to itself', () => {
    const { status, stderr } = check(
      '```ts',
      'declare global { var everywhere: string }',
      'export const a: string = everywhere',
      '```',
      '```ts',
      'export const a: string = everywhere',
      '```',
    )
    expect(status).toBe(1)
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(/page\.md:6: error TS2304/)])
  })
})

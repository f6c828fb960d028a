/** Tests of `npm run check:style`: how code is measured, and that a measure may only get better. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { measureProject, type ProjectStyle } from '../../../tools/check/measure-style.ts'
import {
  compareStyle,
  type StyleBounds,
  tightenBounds,
} from '../../../tools/check/rules/ratchet.ts'
import { isBareWord } from '../../../tools/check/rules/style.ts'

const index = `/**
 * The entry point of the fixture: applications import it, and nothing here can fail while it is
 * loaded.
 */
export { documented, silent } from './feature.ts'
export type { Shape } from './feature.ts'
`

const feature = `/** What this file holds. */
export interface Shape {
  readonly nameOf: string
}

/**
 * Says something.
 *
 * @example
 * documented(1)
 */
export function documented(amount: number): number {
  const made = amount + 1

  return made > 2 ? made : amount
}

/** Has no example. */
export function silent(a: number, b: number, c: number, d: number, e: number): number {
  return a + b + c + d + e
}

// Of a comment without a subject.
const keyOf = (value: string): string => value
export const told = keyOf
function judgeAge(age: number): boolean {
  for (let year = 0; year < age; year++) {
    if (year > 1) {
      if (year > 2 && age > 3) {
        if (age > 4) return true
      }
    }
  }
  return ${'age > 1'.padEnd(110)} && age < 9
}
void judgeAge
`

const other = `interface Shape {
  readonly size: number
}
export type Other = Shape
${`export function long(): number {\n${'  void 0\n'.repeat(61)}  return 1\n}`}
export function spaced(): number {\n${'  void 0\n\n'.repeat(58)}  return 1\n}
`

describe('measureProject', () => {
  let folder = ''
  let style: ProjectStyle
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'style-'))
    mkdirSync(join(folder, 'src'))
    writeFileSync(join(folder, 'src/index.ts'), index)
    writeFileSync(join(folder, 'src/feature.ts'), feature)
    writeFileSync(join(folder, 'src/other.ts'), other)
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: { noEmit: true, allowImportingTsExtensions: true },
        include: ['src'],
      }),
    )
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ exports: { '.': { default: './dist/index.js' } } }),
    )
    style = measureProject(folder)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test('finds names that the field would not choose', () => {
    expect(style).toMatchObject({
      ofNames: ['keyOf'],
      judgeNames: ['judgeAge'],
      bareFunctions: ['documented', 'spaced'],
      bareLocals: ['src/feature.ts made', 'src/feature.ts told'],
      duplicateTypes: ['Shape'],
    })
  })

  test('finds comments without a subject, with their lines', () => {
    expect(style.headlessComments).toEqual(['src/feature.ts:1: What', 'src/feature.ts:23: Of'])
  })

  test('finds files whose header is absent or too short to explain them', () => {
    expect(style.briefHeaders).toEqual(['src/feature.ts', 'src/other.ts'])
  })

  test('finds exported functions without an example', () => {
    expect(style.withoutExample).toEqual(['src/feature.ts silent'])
  })

  test('finds functions that are complex, long or take many parameters', () => {
    expect(style.cognitiveMax).toBeGreaterThan(10)
    expect(style.cognitiveWorst).toBe('src/feature.ts:26')
    expect(style.complexFunctions).toEqual([])
    expect(style.longFunctions).toEqual(['src/other.ts:5'])
    expect(style.manyParameters).toEqual(['src/feature.ts:19'])
  })

  test('measures how the text is set', () => {
    expect(style.longLinesPercent).toBeGreaterThan(0.5)
    // 58 blank lines of `spaced` and one of `documented`, among all lines inside functions
    expect(style.blankLinesPercent).toBeGreaterThan(20)
    expect(style.identifierMean).toBeGreaterThan(3)
    expect(style.examples).toBe(1)
  })
})

test.each([
  { name: 'told', bare: true },
  { name: 'judged', bare: true },
  { name: 'through', bare: true },
  { name: 'seed', bare: false },
  { name: 'embed', bare: false },
  { name: 'isTold', bare: false },
  { name: 'readToken', bare: false },
])('isBareWord: $name is $bare', ({ name, bare }) => {
  expect(isBareWord(name)).toBe(bare)
})

describe('the ratchet', () => {
  const counts = {
    headlessComments: [],
    briefHeaders: [],
    judgeNames: [],
    bareFunctions: [],
    bareLocals: [],
  }
  const numbers = { longLinesPercent: 1, blankLinesPercent: 5, identifierMean: 7, cognitiveMax: 20 }
  const lists = { duplicateTypes: [], complexFunctions: [], longFunctions: [], manyParameters: [] }
  const style = {
    ...counts,
    ...numbers,
    ...lists,
    ofNames: ['keyOf', 'nameOf'],
    withoutExample: ['src/a.ts a'],
  } as unknown as ProjectStyle
  const bounds: StyleBounds = {
    ofNames: 1,
    judgeNames: 0,
    bareFunctions: 0,
    bareLocals: 0,
    duplicateTypes: 0,
    headlessComments: 0,
    briefHeaders: 0,
    longLinesPercent: 1,
    blankLinesPercent: 4,
    identifierMean: 7.5,
    cognitiveMax: 20,
    complexFunctions: 0,
    longFunctions: 0,
    manyParameters: 0,
    withoutExample: 3,
  }

  test('fails a count that rises and a share that falls, and lists what was counted', () => {
    const worse = compareStyle(style, bounds).filter(({ status }) => status === 'worse')
    expect(worse.map(({ name, items }) => ({ name, items }))).toEqual([
      { name: 'ofNames', items: ['keyOf', 'nameOf'] },
      { name: 'identifierMean', items: [] },
    ])
  })

  test('tightens bounds that were improved and loosens none', () => {
    expect(tightenBounds(style, bounds)).toEqual({
      ...bounds,
      blankLinesPercent: 5,
      withoutExample: 1,
    })
  })
})

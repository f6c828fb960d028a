/** Names of JSON are compared by hashes; here by a map, one object after the other. */
import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { hasClearNames } from '../../src/parameters/index.ts'
import { holds } from './support.ts'

type Tree =
  | { readonly type: 'text'; readonly json: string }
  | { readonly type: 'list'; readonly items: readonly Tree[] }
  | { readonly type: 'object'; readonly members: ReadonlyArray<readonly [string, Tree]> }

/** A name as it is written, with some of its characters as escapes. */
const name = fc
  .array(
    fc.constantFrom('a', 'b', '\\u0061', '\\u0062', '\\/', '/', '\\"', '\\\\', '\u00e9', '\\u00e9'),
    { maxLength: 3 },
  )
  .map((parts) => `"${parts.join('')}"`)
const unclearName = fc.constantFrom('"\\u0000"', '"\\n"', '"\\ud800"', '"a\u0085"')

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'medium', maxDepth: 5 },
    fc
      .constantFrom('1', '"a"', '"\\""', 'null', '"{"', '",\\"a\\":"')
      .map((json): Tree => ({ type: 'text', json })),
    fc.array(tie('tree'), { maxLength: 4 }).map((items): Tree => ({ type: 'list', items })),
    fc
      .array(fc.tuple(fc.oneof({ weight: 40, arbitrary: name }, unclearName), tie('tree')), {
        maxLength: 4,
      })
      .map((members): Tree => ({ type: 'object', members })),
  ),
}))

function write(one: Tree): string {
  if (one.type === 'text') return one.json
  if (one.type === 'list') return `[${one.items.map(write).join(' , ')}]`
  return `{${one.members.map(([written, value]) => `${written} :${write(value)}`).join(',')}}`
}

function isClear(one: Tree): boolean {
  if (one.type === 'text') return true
  if (one.type === 'list') return one.items.every(isClear)
  const names = one.members.map(([written]) => JSON.parse(written) as string)
  return (
    new Set(names).size === names.length &&
    names.every((each) => !/[\p{Cc}\p{Cs}]/u.test(each)) &&
    one.members.every(([, value]) => isClear(value))
  )
}

describe('the names of generated JSON', () => {
  const seen = { clear: 0, unclear: 0 }
  holds(
    'are clear where a map says so',
    2000,
    fc.property(tree, (one) => {
      const text = write(one)
      const expected = isClear(one)
      seen[expected ? 'clear' : 'unclear']++
      expect(hasClearNames(text), text).toBe(expected)
    }),
  )
  holds(
    'of both kinds were compared',
    1,
    fc.property(fc.constant(0), () => {
      expect(seen.clear).toBeGreaterThan(300)
      expect(seen.unclear).toBeGreaterThan(300)
    }),
  )
})

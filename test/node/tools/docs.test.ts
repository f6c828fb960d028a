import { describe, expect, it } from 'vitest'
import { basesOf, type Declaration, undocumented } from '../../../tools/check/rules/docs.ts'

const location = { filename: 'file:///src/x.ts', line: 9 }
const said = { doc: 'It is this.' }
const whats = (declaration: Declaration, inherited?: ReadonlySet<string>): string[] =>
  undocumented('Name', declaration, inherited).faults.map(({ line, what }) => `${line}: ${what}`)

describe('a docstring is missed', () => {
  it.each<[string, Declaration, string[]]>([
    ['nothing', { kind: 'function', location, jsDoc: said }, []],
    ['a name', { kind: 'function', location }, ['10: Name has no docstring']],
    [
      'white space',
      { kind: 'function', location, jsDoc: { doc: ' \n' } },
      ['10: Name has no docstring'],
    ],
    ['a name of another door', { kind: 'reference', location }, []],
    [
      'an option and a verb',
      {
        kind: 'interface',
        location,
        jsDoc: said,
        def: {
          properties: [{ name: 'maxAge', location: { line: 10 } }],
          methods: [{ name: 'end', location: { line: 12 } }],
        },
      },
      ['11: Name.maxAge has no docstring', '13: Name.end has no docstring'],
    ],
    [
      'a member that overrides, or is private',
      {
        kind: 'class',
        location,
        jsDoc: said,
        def: {
          properties: [
            { name: 'a', location, isOverride: true },
            { name: 'b', location, accessibility: 'private' },
          ],
        },
      },
      [],
    ],
  ])('for %s', (_, declaration, faults) => {
    expect(whats(declaration)).toEqual(faults)
  })

  it('not where a base has said it', () => {
    const declaration = {
      kind: 'interface',
      location,
      jsDoc: said,
      def: { properties: [{ name: 'limit', location }] },
    }
    expect(whats(declaration, new Set(['limit']))).toEqual([])
    expect(whats(declaration)).toEqual(['10: Name.limit has no docstring'])
  })
})

it.each([
  ['of a parameter that is there', 'key', 'whose units', []],
  ['of a member of one', 'key.length', 'in characters', []],
  ['of one that is gone', 'name', 'who', ['10: Name has no parameter name']],
  ['without a word', 'key', ' ', ['10: Name says nothing of its parameter key']],
])('a @param %s', (_, name, doc, faults) => {
  const jsDoc = { ...said, tags: [{ kind: 'param', name, doc }] }
  const params = [{ kind: 'identifier', name: 'key' }]
  expect(whats({ kind: 'function', location, jsDoc, def: { params } })).toEqual(faults)
})

it('names the bases of classes and interfaces', () => {
  expect(basesOf({ kind: 'class', location, def: { extends: 'Error' } })).toEqual(['Error'])
  expect(basesOf({ kind: 'interface', location, def: { extends: [{ repr: 'Limiter' }] } })).toEqual(
    ['Limiter'],
  )
  expect(basesOf({ kind: 'function', location })).toEqual([])
})

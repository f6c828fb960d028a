/** docs/options.md is made of the types: who is listed there, and what a table says. */
import { describe, expect, it } from 'vitest'
import type { Declaration } from '../../../tools/check/rules/docs.ts'
import {
  findOptionTypes,
  findPlace,
  type OptionType,
  renderOptions,
} from '../../../tools/check/rules/options.ts'
import { type DocType, printType } from '../../../tools/check/rules/print-type.ts'

const location = { filename: 'file:///src/limit/memory.ts', line: 9 }
const text: DocType = { kind: 'keyword', repr: 'string' }
const refer = (typeName: string, specifier?: string): DocType => ({
  kind: 'typeRef',
  repr: typeName,
  value: { typeName, resolution: { kind: 'import', specifier } },
})

function createType(
  name: string,
  properties: Readonly<Record<string, DocType>>,
  more: Declaration['def'] = {},
): OptionType {
  const declaration: Declaration = {
    kind: 'interface',
    location,
    jsDoc: { doc: `About ${name}.` },
    def: {
      properties: Object.entries(properties).map(([member, tsType]) => ({
        name: member,
        location,
        tsType,
        jsDoc: { doc: `The\n${member} of a {@link Limiter} < 5.` },
      })),
      ...more,
    },
  }
  return { name, entryPoint: 'portcullis/limit', declaration }
}

describe('a type of options', () => {
  const names = (types: readonly OptionType[]): string[] =>
    findOptionTypes(types, new Map()).map(({ name }) => name)

  it('is known by its name, and so is what its members are made of', () => {
    const types = [
      createType('LimiterOptions', { strip: refer('Strip') }),
      createType('Strip', { names: text }),
      createType('Verdict', { allowed: text }),
    ]
    expect(names(types)).toEqual(['LimiterOptions', 'Strip'])
  })

  it('is no object with methods, and nothing that only a function receives', () => {
    const receives = { kind: 'fnOrConstructor', value: { params: [], tsType: refer('Verdict') } }
    const types = [
      createType('LimiterOptions', { onEvent: receives, store: refer('Store') }),
      createType('Verdict', { allowed: text }),
      createType('Store', { size: text }, { methods: [{ name: 'read', location }] }),
    ]
    expect(names(types)).toEqual(['LimiterOptions'])
  })
})

describe('the page', () => {
  it('has a row for each member, also of a base that is not exported', () => {
    const base = createType('RateOptions', { window: text })
    const type = createType('LimiterOptions', { limit: text }, {})
    const options = {
      ...type,
      declaration: {
        ...type.declaration,
        def: {
          ...type.declaration.def,
          extends: [{ ...refer('RateOptions', '../settings.ts'), repr: 'RateOptions' }],
        },
      },
    }
    const declarations = new Map([
      [findPlace('file:///src/settings.ts', 'RateOptions'), base.declaration],
    ])

    expect(
      renderOptions([options], declarations).split('## portcullis/limit\n\n')[1],
    ).toBe(`### LimiterOptions

About LimiterOptions.

| option | type | meaning |
|---|---|---|
| \`window\` (required) | \`string\` | The window of a \`Limiter\` &lt; 5. |
| \`limit\` (required) | \`string\` | The limit of a \`Limiter\` &lt; 5. |
`)
  })

  it('names a base that has a table of its own', () => {
    const base = createType('RateOptions', { window: text })
    const options = createType('LimiterOptions', { limit: text }, {})
    const declaration = {
      ...options.declaration,
      def: { ...options.declaration.def, extends: [{ ...refer('RateOptions'), repr: '' }] },
    }
    const page = renderOptions([{ ...options, declaration }, base], new Map())
    expect(page).toContain('It also has the options of `RateOptions`.')
    expect(page.match(/`window`/g)).toHaveLength(1)
  })

  it('writes an alias as the type that it is', () => {
    const union: DocType = { kind: 'union', value: [text, refer('Limiter')] }
    const declaration = { kind: 'typeAlias', location, def: { tsType: union } }
    const page = renderOptions([{ name: 'Rule', entryPoint: 'portcullis', declaration }], new Map())
    expect(page).toContain('### Rule\n\nIt is `string | Limiter`.\n')
  })
})

const literal = (repr: string): DocType => ({ kind: 'literal', repr, value: { kind: 'string' } })
it.each<[string, DocType]>([
  ["'a' | 'b'", { kind: 'union', value: [literal('a'), literal('b')] }],
  [
    "('a' | 'b')[]",
    { kind: 'array', value: { kind: 'union', value: [literal('a'), literal('b')] } },
  ],
  [
    'readonly string[]',
    {
      kind: 'typeOperator',
      value: { operator: 'readonly', tsType: { kind: 'array', value: text } },
    },
  ],
  [
    '(c?: string) => string',
    {
      kind: 'fnOrConstructor',
      value: {
        params: [{ kind: 'identifier', name: 'c', optional: true, tsType: text }],
        tsType: text,
      },
    },
  ],
  [
    '{ a?: string }',
    { kind: 'typeLiteral', value: { properties: [{ name: 'a', optional: true, tsType: text }] } },
  ],
  [
    'Partial<Record<string, string>>',
    { kind: 'mapped', value: { typeParam: { constraint: text }, optional: true, tsType: text } },
  ],
])('a type is printed as %s', (expected, type) => {
  expect(printType(type)).toBe(expected)
})

it('a kind of type that was never seen is an error, not a gap in the page', () => {
  expect(() => printType({ kind: 'conditional' })).toThrow('a type of the kind conditional')
})

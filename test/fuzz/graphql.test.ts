/** graphql-js is the referee: what it parses we parse, and every number is the one computed from its syntax tree. */
import fc from 'fast-check'
import {
  type DocumentNode,
  Kind,
  Lexer,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  Source,
  TokenKind,
  visit,
} from 'graphql'
import { describe, expect, it, test } from 'vitest'
import { measure, type Size } from '../../src/graphql/index.ts'
import { parseDocument, tokenize } from '../../src/graphql-syntax/index.ts'
import vectorFile from '../vectors/graphql.json' with { type: 'json' }
import { holds } from './support.ts'

const { vectors } = vectorFile

/** The same numbers, naively: fragments are expanded one spread at a time. */
function sizeOf(document: DocumentNode): Size | undefined {
  const fragments = new Map(
    document.definitions.flatMap((each) =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each] as const] : [],
    ),
  )
  const most = {
    depth: 0,
    introspectionDepth: 0,
    aliases: 0,
    directives: 0,
    rootFields: 0,
    fields: 0,
  }
  for (const definition of document.definitions) {
    if (
      definition.kind !== Kind.OPERATION_DEFINITION &&
      definition.kind !== Kind.FRAGMENT_DEFINITION
    )
      throw new Error()
    const own = {
      depth: 0,
      introspectionDepth: 0,
      aliases: 0,
      directives: definition.directives?.length ?? 0,
      rootFields: 0,
      fields: 0,
    }
    for (const variable of (definition as OperationDefinitionNode).variableDefinitions ?? [])
      own.directives += variable.directives?.length ?? 0
    const go = (
      set: SelectionSetNode | undefined,
      depth: number,
      meta: boolean,
      path: readonly string[],
    ): void => {
      for (const selection of set?.selections ?? []) {
        own.directives += selection.directives?.length ?? 0
        if (selection.kind === Kind.FIELD) {
          own.fields++
          if (selection.alias) own.aliases++
          if (depth === 0) own.rootFields++
          const inside = meta || ['__schema', '__type'].includes(selection.name.value)
          const key = inside ? 'introspectionDepth' : 'depth'
          own[key] = Math.max(own[key], depth + 1)
          go(selection.selectionSet, depth + 1, inside, path)
        } else if (selection.kind === Kind.INLINE_FRAGMENT)
          go(selection.selectionSet, depth, meta, path)
        else {
          const name = selection.name.value
          const fragment = fragments.get(name)
          if (fragment === undefined || path.includes(name))
            throw new RangeError('no fragment, or one in itself')
          own.directives += fragment.directives?.length ?? 0
          go(fragment.selectionSet, depth, meta, [...path, name])
        }
      }
    }
    go(
      definition.selectionSet,
      0,
      false,
      definition.kind === Kind.FRAGMENT_DEFINITION ? [definition.name.value] : [],
    )
    if (definition.kind === Kind.OPERATION_DEFINITION)
      for (const key of Object.keys(most) as Array<keyof Size>)
        most[key] = Math.max(most[key], own[key])
  }
  return most
}

/** What graphql-js makes of a text; undefined where it refuses it, or where it is no document to be executed. */
function referee(
  source: string,
): { tokens: number; size: Size | undefined } | 'refused' | 'not to be executed' {
  let document: DocumentNode
  try {
    document = parse(source)
  } catch {
    return 'refused'
  }
  const names = new Set<string>()
  for (const each of document.definitions) {
    if (each.kind !== Kind.OPERATION_DEFINITION && each.kind !== Kind.FRAGMENT_DEFINITION)
      return 'not to be executed'
    const variables = ((each as OperationDefinitionNode).variableDefinitions ?? []).map(
      ({ variable }) => variable.name.value,
    )
    if (new Set(variables).size < variables.length) return 'not to be executed'
    if (each.kind === Kind.FRAGMENT_DEFINITION && names.size === names.add(each.name.value).size)
      return 'not to be executed'
  }
  try {
    return { tokens: document.tokenCount ?? -1, size: sizeOf(document) }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { tokens: document.tokenCount ?? -1, size: undefined }
  }
}

function ours(source: string): ReturnType<typeof referee> {
  const document = parseDocument(source)
  if (document === undefined) return 'refused'
  return { tokens: tokenize(source)?.length ?? -2, size: measure(document) }
}

function agree(source: string): void {
  const theirs = referee(source)
  expect(ours(source), source).toEqual(theirs === 'not to be executed' ? 'refused' : theirs)
}

const nameOf = fc.constantFrom(
  'a',
  'b',
  'on',
  'query',
  'true',
  'null',
  '__typename',
  '__schema',
  '_x9',
  'fragment',
  'take',
)
const fragmentName = fc.constantFrom('F', 'G', 'H', 'I')
const between = fc.constantFrom(' ', '\n', ',', '\t', '\ufeff', '\r\n', ' # } { "\n', '#\n ', ' , ')
const number = fc.constantFrom('0', '-0', '12', '-1', '1.5', '1e3', '-2.0E-7', '0.10', '1e+2')
const text = fc.oneof(
  fc.string({ unit: 'binary' }).map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '""',
    '"""a"""',
    '"""\n  {a} \\""" "" \n"""',
    '"\\u{1F600}"',
    '"\\uD83D\\uDE00"',
    '"\\/"',
    '"#"',
    '"a\tb"',
    '"\u0001"',
  ),
)
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.oneof(
      number,
      text,
      nameOf,
      nameOf.map((name) => `$${name}`),
    ),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(' ')}]`),
    fc
      .array(fc.tuple(nameOf, tie('value')), { maxLength: 3 })
      .map((members) => `{${members.map(([name, v]) => `${name}:${String(v)}`).join(' ')}}`),
  ),
}))
const args = fc
  .array(fc.tuple(nameOf, value as fc.Arbitrary<string>), { maxLength: 2 })
  .map((list) =>
    list.length === 0 ? '' : `(${list.map(([name, v]) => `${name}:${v}`).join(' ')})`,
  )
const directives = fc
  .array(fc.tuple(nameOf, args), { maxLength: 2 })
  .map((list) => list.map(([name, a]) => ` @${name}${a}`).join(''))
const { set } = fc.letrec((tie) => ({
  set: fc
    .array(fc.tuple(tie('selection'), between), { maxLength: 4 })
    .map((list) => `{${list.flat().join('')}}`),
  selection: fc.oneof(
    { depthSize: 'small', maxDepth: 6 },
    fc.tuple(nameOf, args, directives).map((parts) => parts.join('')),
    fc.tuple(nameOf, nameOf, args).map(([alias, name, a]) => `${alias}:${name}${a}`),
    fc.tuple(fragmentName, directives).map(([name, d]) => `...${name}${d}`),
    fc.tuple(nameOf, args, tie('set')).map((parts) => parts.join('')),
    fc
      .tuple(fc.constantFrom('... on T', '...on on', '...'), directives, tie('set'))
      .map((parts) => parts.join('')),
  ),
}))
const body = set as fc.Arbitrary<string>
const variable = fc
  .tuple(
    fc.constantFrom('', '"why" '),
    nameOf,
    fc.constantFrom('Int', '[Int!]!', '[[T]]'),
    fc.option(fc.oneof(number, text)),
    directives,
  )
  .map(
    ([why, name, type, byDefault, d]) =>
      `${why}$${name}: ${type}${byDefault === null ? '' : ` = ${byDefault}`}${d}`,
  )
const variables = fc
  .array(variable, { maxLength: 2 })
  .map((list) => (list.length === 0 ? '' : `(${list.join(' ')})`))
const operation = fc.oneof(
  body,
  fc
    .tuple(
      fc.constantFrom('query', 'mutation Q', 'subscription on', '"""why""" query'),
      variables,
      directives,
      body,
    )
    .map(([kind, v, d, b]) => `${kind}${v}${d} ${b}`),
)
const fragment = fc
  .tuple(fragmentName, directives, body)
  .map(([name, d, b]) => `fragment ${name} on T${d} ${b}`)
const document = fc
  .array(fc.oneof({ weight: 2, arbitrary: operation }, fragment), { minLength: 1, maxLength: 5 })
  .map((all) => all.join('\n'))

describe('on generated documents', () => {
  let parsed = 0
  holds(
    'every number is graphql-js’s',
    1000,
    fc.property(document, (source) => {
      agree(source)
      if (typeof referee(source) !== 'string') parsed++
    }),
  )
  it('of which many were compared', () => {
    expect(parsed).toBeGreaterThan(300)
  })

  const marks = [
    '{',
    '}',
    '(',
    ')',
    '"',
    '"""',
    '\\',
    '$',
    '...',
    '.',
    '!',
    '0',
    '-',
    '\ud800',
    '#',
    '\n',
    '%',
    '&',
    '|',
    '=',
  ]
  const changed = fc
    .tuple(document, fc.nat(), fc.constantFrom('', ...marks, ':', '@', '\u0000', 'e', '\u00e9'))
    .map(([source, at, insert]) => {
      const place = at % (source.length + 1)
      return source.slice(0, place) + insert + source.slice(insert === '' ? place + 1 : place)
    })
  holds(
    'a document with a change in it is refused by both or read alike by both',
    1000,
    fc.property(changed, agree),
  )

  const any = fc.array(
    fc.oneof(
      fc.constantFrom(...marks.slice(0, 8), ...'a...: 1-.e@[]#\n'),
      fc.string({ unit: 'binary', maxLength: 2 }),
    ),
  )
  holds(
    'any text is refused by both or read alike by both',
    1000,
    fc.property(any, (parts) => agree(parts.join(''))),
  )
})

/** The values of all texts, by graphql-js; undefined where it finds something that is no token. */
function refereeTexts(source: string): string[] | undefined {
  const lexer = new Lexer(new Source(source))
  const texts: string[] = []
  try {
    for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
      if (token.kind === TokenKind.STRING || token.kind === TokenKind.BLOCK_STRING)
        texts.push(token.value)
    }
    return texts
  } catch {
    return undefined
  }
}

describe('texts', () => {
  const escapes = ['\\n', '\\"', '\\\\', '\\/', '\\u0041', '\\u{1F600}', '\\uD83D\\uDE00']
  const wrong = ['\\uD83D', '\\uDE00', '\\x', '\\u{}', '\\u{D800}', '\n']
  const plain = [' ', 'a', '\t', '\u00e9', '\ud83d\ude00', '#']
  const lines = ['\n', '\r', '\r\n', ' ', '\t', '  ', '\\"""', '\\', '"', '""', ...plain]
  const line = fc
    .array(
      fc.oneof(
        { weight: 20, arbitrary: fc.constantFrom(...escapes, ...plain) },
        fc.constantFrom(...wrong),
      ),
    )
    .map((parts) => `"${parts.join('')}"`)
  const block = fc
    .array(fc.constantFrom(...lines), { maxLength: 20 })
    .map((parts) => `"""${parts.join('')}"""`)
  let compared = 0
  holds(
    'have the values that graphql-js finds',
    3000,
    fc.property(fc.array(fc.oneof(line, block), { minLength: 1, maxLength: 3 }), (parts) => {
      const source = parts.join(' ')
      const own = tokenize(source)?.flatMap((token) => (token.kind === 'text' ? [token.value] : []))
      expect(own, source).toEqual(refereeTexts(source))
      if (own !== undefined) compared++
    }),
  )
  it('of which many were compared', () => {
    expect(compared).toBeGreaterThan(500)
  })

  test.each([
    '"""\n\n  a\n\n    b\n \n"""',
    '"""  a\n  b\n   c"""',
    '"""\r\n\ta\r\t\tb"""',
    '"""a \\""" b"""',
    '"""\n   \\\\"""\n  b"""',
    '""""""',
    '""" \n\t\n """',
  ])('%j', (source) => {
    expect(tokenize(source)?.map((token) => token.value)).toEqual(refereeTexts(source))
  })
})

describe('by hand', () => {
  test.each([
    '{a}',
    '{}',
    'query{}',
    '{a{}}',
    '{a()}',
    'query(){a}',
    '{a(b:1)}',
    '{a(b:01)}',
    '{a(b:1.)}',
    '{a(b:.5)}',
    '{a(b:1a)}',
    '{a(b:0x1)}',
    '{a(b:-)}',
    '{a(b:[1-2])}',
    '{a(b:1e)}',
    '{a(b:1_)}',
    '{a(b:$c)}',
    'query($c:I=$d){a}',
    'query($c:I=[$d]){a}',
    'query($c:I@d(e:$f)){a}',
    'query($c:I,$c:I){a}',
    '{a(b:"\\u{110000}")}',
    '{a(b:"\\u{D800}")}',
    '{a(b:"\\uD800")}',
    '{a(b:"\\uD83D\\uDE00")}',
    '{a(b:"\\uDE00\\uD83D")}',
    '{a(b:"\\u{000041}")}',
    '{a(b:"\\u{000000041}")}',
    '{a(b:"\\u{}")}',
    '{a(b:"\\x")}',
    '{a(b:"\n")}',
    '{a(b:"\u2028")}',
    '{a(b:"\\\u2028")}',
    '{a(b:"\u0000")}',
    '{a(b:"""\\"""""")}',
    '{a(b:""""""")}',
    '{a(b:"""a\u0000""")}',
    '{a(b:"""\ud800""")}',
    '{a #\ud800\n}',
    '{a #\u0000\n}',
    '#\n',
    '',
    '   ',
    '{a}{b}',
    'fragment on on T{a}',
    'fragment F on T{a} fragment F on T{b}',
    'fragment F on T{...F}',
    '{...F} fragment F on T{...G} fragment G on T{...F}',
    '{...X}',
    '{...on T{a}}',
    '{...on}',
    '{...on{a}}',
    '{...{a}}',
    '{...@a{b}}',
    '{...on @a{b}}',
    '"why" {a}',
    '"why" query{a}',
    '"why" "why" query{a}',
    '"why" fragment F on T{a}',
    'query("why" $a:I){a}',
    'type T{a:I}',
    'extend type T{a:I}',
    'schema{query:Q}',
    'query Q Q{a}',
    'mutation{a}',
    'subscription{a}',
    'Query{a}',
    '{a}}',
    '{a',
    '{a:b:c}',
    '{a:}',
    '{:a}',
    '{a(b c)}',
    '{a(b:c d:e)@f}',
    '{a!}',
    '{a|b}',
    '{a&b}',
    '{..a}',
    '{....a}',
    "{'a'}",
    '\ufeff{\ufeffa\ufeff}',
    '{a(b:{c:{d:[{}]}})}',
    '{a(b:{c})}',
    'query($a:[[I!]!]!=[[1]]){a}',
    'query($a:[I){a}',
    'query($a:I!!){a}',
    '{a(b:true c:false d:null e:E)}',
    '{on}',
    '{...on on{a}}',
    'query query{query}',
    'fragment fragment on on{a}',
    '{a@b@c}',
    '{a @ b}',
    '{a@}',
    '{__schema{types{name}}}',
    '{x:__schema{a}...F} fragment F on Q{__type{b{c}}}',
  ])('%j', (source) => {
    agree(source)
  })

  it.each(vectors)('the vector $document', ({ document: source, tokens, size }) => {
    expect(referee(source)).toEqual(tokens === undefined ? 'refused' : { tokens, size })
  })

  it('what clients send to learn a schema', async () => {
    const { getIntrospectionQuery } = await import('graphql')
    agree(getIntrospectionQuery())
    visit(parse(getIntrospectionQuery()), { enter: () => undefined })
  })
})

import { describe, expect, it, test } from 'vitest'
import {
  checkDocument,
  checkGraphqlRequest,
  type GraphqlLimits,
  measure,
} from '../../src/graphql/index.ts'
import { parseDocument } from '../../src/graphql-syntax/index.ts'
import { limitsOf } from './support.ts'

const nested = (levels: number): string => `${'{a'.repeat(levels)}${'}'.repeat(levels)}`
const times = (n: number, each: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => each(i)).join(' ')

/** 'passes' or the reason. */
function document(source: string, limits: GraphqlLimits = {}, variables: object = {}): string {
  const verdict = checkDocument(source, variables, limitsOf(limits))
  return verdict.ok ? 'passes' : verdict.reason
}

function request(value: unknown, limits: GraphqlLimits = {}): string {
  const verdict = checkGraphqlRequest(value, limitsOf(limits))
  return verdict.ok ? 'passes' : verdict.reason
}

describe('at the default limits', () => {
  test.each<[string, string, string]>([
    ['1,000 tokens', `{${'a '.repeat(998)}}`, 'graphql-too-many-fields'],
    ['1,000 tokens of one argument', `{a(b:[${'1 '.repeat(991)}])}`, 'passes'],
    ['1,001 tokens, the second of which is wrong', `{{${'a '.repeat(998)}}`, 'graphql-too-long'],
    ['1,001 tokens', `{a(b:[${'1 '.repeat(992)}])}`, 'graphql-too-long'],
    [
      '1,001 tokens, and then nothing that is GraphQL',
      `{a(b:[${'1 '.repeat(996)}%%%`,
      'graphql-too-long',
    ],
    ['comments and commas, which are no tokens', `{a ${'#x\n,'.repeat(5000)} b}`, 'passes'],
    ['10 levels', nested(10), 'passes'],
    ['11 levels', nested(11), 'graphql-too-deep'],
    ['300 levels', nested(300), 'graphql-too-deep'],
    ['11 levels in inline fragments', '{...on A{a{...{a{...on B{a}}}}}}', 'passes'],
    ['15 aliases', `{${times(15, (i) => `a${i}:a`)}}`, 'passes'],
    ['16 aliases', `{${times(16, (i) => `a${i}:a`)}}`, 'graphql-too-many-aliases'],
    ['50 directives', `{a ${'@b '.repeat(50)}}`, 'passes'],
    ['51 directives', `{a ${'@b '.repeat(51)}}`, 'graphql-too-many-directives'],
    [
      '51 directives on an operation',
      `query ${'@b '.repeat(51)}{a}`,
      'graphql-too-many-directives',
    ],
    [
      '51 directives on a variable',
      `query($a: I ${'@b '.repeat(51)}){a}`,
      'graphql-too-many-directives',
    ],
    ['20 root fields', `{${'a '.repeat(20)}}`, 'passes'],
    ['21 root fields', `{${'a '.repeat(21)}}`, 'graphql-too-many-fields'],
    [
      '21 root fields in fragments',
      `{...F ...F ...F} fragment F on Q {${'a '.repeat(7)}}`,
      'graphql-too-many-fields',
    ],
    [
      '20 fields in fragments in fragments',
      `{...F} fragment F on Q {...G ...G} fragment G on Q {${'a '.repeat(10)}}`,
      'passes',
    ],
    ['no document', '', 'graphql-malformed'],
    ['nothing but a comment', '# {a}', 'graphql-malformed'],
    ['a type', 'type A {a: I}', 'graphql-malformed'],
    ['braces in a text', '{a(b:"{{{{{{{{{{{{")}', 'passes'],
    ['braces in a block text', `{a(b:"""${nested(50)} \\""" ${nested(50)}""")}`, 'passes'],
    ['braces in a comment', `{a #${nested(50)}\n}`, 'passes'],
    ['a byte order mark', '\ufeff{a}', 'passes'],
    // {"query":"{a}#\r{b{c...": what is behind a comment ends with it, at a carriage return too.
    [
      'what a carriage return ends a comment before',
      `{a #\r ${nested(11).slice(1)}`,
      'graphql-too-deep',
    ],
  ])('%s: %#', (_name, source, expected) => {
    expect(document(source)).toBe(expected)
  })
})

describe('fragments', () => {
  // fragment a { ...b ...b } fragment b { ...c ...c } ... : 2^200 fields, in 2,000 tokens
  it('in each other are counted without being written out', () => {
    const chain = times(200, (i) => `fragment f${i} on T{...f${i + 1} ...f${i + 1}}`)
    const source = `{...f0} ${chain} fragment f200 on T{x:a @b}`
    const size = measure(parseDocument(source) as never)
    expect(size).toEqual({
      depth: 1,
      introspectionDepth: 0,
      aliases: 2 ** 200,
      directives: 2 ** 200,
      rootFields: 2 ** 200,
      fields: 2 ** 200,
    })
    expect(document(source, { maxTokens: 100_000 })).toBe('graphql-too-many-aliases')
  })

  // No alias, no directive, ten levels and ten root fields: a billion fields.
  it('may not be fields without number', () => {
    const chain = times(8, (i) => `fragment f${i} on T{${times(10, (k) => `a${k}{...f${i + 1}}`)}}`)
    expect(document(`{...f0} ${chain} fragment f8 on T{a}`)).toBe('graphql-too-many-fields')
  })

  it('hide no depth', () => {
    const chain = times(10, (i) => `fragment f${i} on T{a{...f${i + 1}}}`)
    expect(document(`{...f0} ${chain} fragment f10 on T{a}`)).toBe('graphql-too-deep')
    expect(document(`{...f1} ${chain} fragment f10 on T{a}`)).toBe('passes')
  })

  it('a chain of thousands is sized without recursion', () => {
    const chain = times(20_000, (i) => `fragment f${i} on T{...f${i + 1}}`)
    expect(measure(parseDocument(`{...f0} ${chain} fragment f20000 on T{a}`) as never)?.depth).toBe(
      1,
    )
    expect(measure(parseDocument(`${nested(20_000)}`) as never)?.depth).toBe(20_000)
  })

  test.each([
    ['itself', '{...F} fragment F on T{a{...F}}'],
    ['itself by another', '{...F} fragment F on T{...G} fragment G on T{...F}'],
    ['itself, and nobody spreads it', '{a} fragment F on T{...F}'],
    [
      'itself behind one that is fine',
      '{...F} fragment F on T{...H ...G} fragment G on T{...F} fragment H on T{a}',
    ],
    ['one that is not there', '{...F}'],
    ['one that is not there from another', '{a} fragment F on T{...G}'],
    ['one of two', '{...F} fragment F on T{a} fragment F on T{b}'],
  ])('that spread %s are refused', (_name, source) => {
    expect(document(source)).toBe('graphql-malformed')
  })
})

describe('how much a page may hold', () => {
  const limits = { maxTake: 100 }
  const ask = (source: string, variables?: object): string => document(source, limits, variables)

  test.each<[string, object | undefined, boolean]>([
    ['{a(take: 100)}', undefined, true],
    ['{a(take: 101)}', undefined, false],
    // GHSA-cqmq-8755-7xvh: a negative take went past graphql.maxTake.
    ['{a(take: -1)}', undefined, false],
    ['{a(take: -1000000)}', undefined, false],
    ['{a(take: 1e9)}', undefined, false],
    ['{a(take: 1e999)}', undefined, false],
    ['{a(take: "1000")}', undefined, false],
    ['{a(take: """ 1000 """)}', undefined, false],
    ['{a(take: 0)}', undefined, true],
    ['{a(take: null)}', undefined, true],
    ['{a(take: ALL)}', undefined, true],
    ['{a(first: 101)}', undefined, false],
    ['{a(last: 101)}', undefined, false],
    ['{a(limit: 101)}', undefined, false],
    ['{a(skip: 101)}', undefined, true],
    ['{a(take: 5, take: 500)}', undefined, false],
    ['{a{b{c(take: 101)}}}', undefined, false],
    ['{x: a(take: 101)}', undefined, false],
    ['{a ...F} fragment F on T{b(take: 101)}', undefined, false],
    ['{a ...on T{b(take: 101)}}', undefined, false],
    ['query A{a} query B{a(take: 101)}', undefined, false],
    ['query($n: Int){a(take: $n)}', { n: 100 }, true],
    ['query($n: Int){a(take: $n)}', { n: 101 }, false],
    ['query($n: Int){a(take: $n)}', { n: -1 }, false],
    ['query($n: Int){a(take: $n)}', { n: '101' }, false],
    ['query($n: Int){a(take: $n)}', { n: null }, true],
    ['query($n: Int){a(take: $n)}', {}, true],
    ['query($n: Int = 101){a(take: $n)}', {}, false],
    ['query($n: Int = -1){a(take: $n)}', {}, false],
    ['query($n: Int = 101){a(take: $n)}', { n: 5 }, true],
    ['query($n: Int = 5){a(take: $n)}', { n: 101 }, false],
    ['query($n: Int = 5){...F} fragment F on T{a(take: $n)}', { n: 101 }, false],
    [
      'query A($n: Int = 5){...F} query B($n: Int = 500){...F} fragment F on T{a(take: $n)}',
      {},
      false,
    ],
    // Own members only.
    ['query($toString: Int = 101){a(take: $toString)}', {}, false],
  ])('%s with %j: %s', (source, variables, passes) => {
    expect(ask(source, variables)).toBe(passes ? 'passes' : 'graphql-page-size')
  })

  it('is nobody’s business by default, and goes by other names where they are told', () => {
    expect(document('{a(take: 1000000)}')).toBe('passes')
    expect(document('{a(take: 500, pageSize: 5)}', { ...limits, takeNames: ['pageSize'] })).toBe(
      'passes',
    )
    expect(document('{a(pageSize: 500)}', { ...limits, takeNames: ['pageSize'] })).toBe(
      'graphql-page-size',
    )
  })
})

describe('questions about the schema', () => {
  test.each([
    ['{__schema{types{name}}}', true],
    ['{__type(name:"A"){name}}', true],
    ['{x: __schema{types{name}}}', true],
    ['{a ...F} fragment F on Q{__schema{types{name}}}', true],
    ['{a ... on Q{... @skip(if: false){__type(name:"A"){name}}}}', true],
    ['query A{a} query B{__schema{types{name}}}', true],
    ['{__typename a{__typename}}', false],
    ['{__schema: a}', false],
    ['{a(b: "__schema")}', false],
    ['{a #__schema\n}', false],
    ['{schema _schema __Schema}', false],
  ])('%s: %s', (source, introspects) => {
    expect(checkDocument(source, {}, limitsOf())).toMatchObject({ ok: true, introspects })
  })

  it('may be as deep as clients ask them, and no deeper', () => {
    const below = (levels: number): string => `{__schema${nested(levels)}}`
    expect(document(below(19))).toBe('passes')
    expect(document(below(20))).toBe('graphql-too-deep')
    // What is asked beside them may not.
    expect(document(`{__schema{a} ${nested(11).slice(1, -1)}}`)).toBe('graphql-too-deep')
    expect(document(`{__schema{...F}} fragment F on T${nested(18)}`)).toBe('passes')
    expect(document(`{__schema{...F}} fragment F on T${nested(20)}`)).toBe('graphql-too-deep')
    expect(document(`{__schema{...F} x{...F}} fragment F on T${nested(18)}`)).toBe(
      'graphql-too-deep',
    )
  })
})

describe('a request', () => {
  const query = '{a}'
  test.each<[unknown, string]>([
    [{ query }, 'passes'],
    [{ query, variables: null, operationName: null }, 'passes'],
    [{ query, variables: { a: 1 }, extensions: { persistedQuery: { sha256Hash: 'x' } } }, 'passes'],
    [{ extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } }, 'passes'],
    [{ query: null, extensions: { persistedQuery: {} } }, 'passes'],
    [{ documentId: 'sha256:x' }, 'passes'],
    [{}, 'graphql-malformed'],
    [{ extensions: {} }, 'graphql-malformed'],
    [{ extensions: { persistedQuery: true } }, 'graphql-malformed'],
    [{ documentId: '' }, 'graphql-malformed'],
    [null, 'graphql-malformed'],
    ['{a}', 'graphql-malformed'],
    [7, 'graphql-malformed'],
    [{ query: '' }, 'graphql-malformed'],
    [{ query: ['{a}'] }, 'graphql-malformed'],
    [{ query: { toString: '{a}' } }, 'graphql-malformed'],
    // A persisted query beside one that is too deep hides nothing.
    [{ query: nested(11), extensions: { persistedQuery: {} } }, 'graphql-too-deep'],
    // express-graphql parses variables that are a text.
    [{ query, variables: '{"n":500}' }, 'graphql-malformed'],
    [{ query, variables: [1] }, 'graphql-malformed'],
    // gqlgen takes `QUERY`, and `ſ` for s.
    [{ query, QUERY: nested(11) }, 'graphql-malformed'],
    [{ query, Query: nested(11) }, 'graphql-malformed'],
    [{ query, 'variable\u017f': { n: 500 } }, 'graphql-malformed'],
    [{ query, operationname: 'B' }, 'graphql-malformed'],
    [[], 'graphql-batch'],
    [[{ query }], 'graphql-batch'],
  ])('%j: %s', (value, expected) => {
    expect(request(value)).toBe(expected)
  })

  it('may be a list where that is said, each judged as if it were alone', () => {
    const two = { maxBatch: 2 }
    expect(request([{ query }, { query }], two)).toBe('passes')
    expect(request([{ query }, { query }, { query }], two)).toBe('graphql-batch')
    expect(request([], two)).toBe('graphql-batch')
    expect(request([{ query }, { query: nested(11) }], two)).toBe('graphql-too-deep')
    expect(request([{ query }, [{ query }]], two)).toBe('graphql-malformed')
    expect(
      checkGraphqlRequest([{ query }, { query: '{__schema{a}}' }], limitsOf(two)),
    ).toMatchObject({
      introspects: true,
    })
  })
})

describe('limits that cannot be meant', () => {
  test.each<[object, string]>([
    [{ maxdepth: 5 }, 'did you mean maxDepth?'],
    [{ maxDepth: 0 }, 'graphql.maxDepth must be a whole number of levels from 1 to 1000'],
    [{ maxTokens: '1000' }, 'graphql.maxTokens must be'],
    [{ maxBatch: true }, 'graphql.maxBatch must be'],
    [{ maxTake: -1 }, 'graphql.maxTake must be'],
    [{ takeNames: [] }, 'graphql.takeNames must be'],
    [{ takeNames: ['a b'] }, 'graphql.takeNames must be'],
    [{ maxBodyBytes: 0 }, 'graphql.maxBodyBytes must be'],
    [{ get: 1 }, 'graphql.get must be'],
    [{ insecureSockets: 'yes' }, 'graphql.insecureSockets must be'],
  ])('%j', (limits, words) => {
    expect(() => limitsOf(limits as never)).toThrow(words)
  })
})

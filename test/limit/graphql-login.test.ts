import { describe, expect, it } from 'vitest'
import { readGraphqlLogin } from '../../src/limit/throttle/account/graphql-login.ts'
import { createAccountReader } from '../../src/limit/throttle/account/read-account.ts'

const rule = { graphql: 'authenticateUserWithPassword', argument: 'email' } as const
const field = rule.graphql
const login = (email: string): string =>
  `${field}(email: ${email}, password: "x") { ... on Success { item { id } } }`
const zoe = { account: 'zoe@example.com' }
const ask = (query: string, more: object = {}): unknown =>
  readGraphqlLogin({ query, ...more }, rule)

describe('whose login a GraphQL request is', () => {
  it.each<[string, string, object?]>([
    ['a text', `mutation { ${login('"zoe@example.com"')} }`],
    ['a text with escapes', `mutation { ${login('"zoe\\u0040example.com"')} }`],
    ['a text with an escape in braces', `mutation { ${login('"zoe\\u{40}example.com"')} }`],
    ['a block text', `mutation { ${login('"""\n    zoe@example.com\n  """')} }`],
    [
      'a variable',
      `mutation M($email: String!) { ${login('$email')} }`,
      { variables: { email: 'zoe@example.com' } },
    ],
    ['a default', `mutation M($email: String! = "zoe@example.com") { ${login('$email')} }`],
    [
      'a variable before its default',
      `mutation($email: [String!]! = "x") { ${login('$email')} }`,
      { variables: { email: 'zoe@example.com' } },
    ],
    ['another name for the answer', `mutation { a: ${login('"zoe@example.com"')} }`],
    ['a fragment', `mutation { ...F } fragment F on Mutation { ${login('"zoe@example.com"')} }`],
    [
      'a fragment in a fragment',
      `mutation { ...G } fragment F on M { ${login('"zoe@example.com"')} } fragment G on M { ...F }`,
    ],
    [
      'an inline fragment',
      `mutation { ... on Mutation { ... @include(if: true) { ${login('"zoe@example.com"')} } } }`,
    ],
    [
      'no space, commas and comments',
      `mutation{#"\n,,${field}(,password:"}",email:"zoe@example.com")@skip(if:false){id},__typename}`,
    ],
  ])('%s', (_, query, more) => {
    expect(ask(query, more)).toEqual(zoe)
  })

  it('an argument within an argument', () => {
    const nested = { graphql: 'login', argument: ['input', 'email'] }
    const find = (query: string, variables?: object): unknown =>
      readGraphqlLogin({ query, variables }, nested)
    expect(
      find('mutation { login(input: { email: "zoe@example.com", more: { a: [1, $x] } }) }'),
    ).toEqual(zoe)
    expect(
      find('mutation M($i: In) { login(input: $i) }', { i: { email: 'zoe@example.com' } }),
    ).toEqual(zoe)
    expect(
      find('mutation M($e: String) { login(input: {email: $e}) }', { e: 'zoe@example.com' }),
    ).toEqual(zoe)
    expect(find('mutation M($i: In = {email: "zoe@example.com"}) { login(input: $i) }')).toEqual(
      zoe,
    )
    expect(find('mutation { login(input: { email: "a", email: "b" }) }')).toBe(undefined)
    expect(find('mutation M($i: In = {email: $i}) { login(input: $i) }')).toBe(undefined)
  })

  it.each([
    ['a query', '{ me { id } }'],
    ['a field of this name further down', `{ me { ${field}(email: "a") } }`],
    ['this name in a text', `{ me(note: "${login('x').replaceAll('"', '')}") }`],
    ['this name as an alias', `{ ${field}: me { id } }`],
    ['a fragment that nobody spreads', `{ me } fragment F on Mutation { ${login('"a"')} }`],
  ])('%s is no login', (_, query) => {
    expect(ask(query)).toBe('none')
  })

  // mutation { a1: authenticateUserWithPassword(…) a2: … a50: … }: fifty guesses in one request.
  it.each<[string, unknown]>([
    [
      'fifty aliases',
      {
        query: `mutation { ${Array.from({ length: 50 }, (_, i) => `a${i}: ${login('"z"')}`).join(' ')} }`,
      },
    ],
    [
      'two fragments',
      {
        query: `mutation { ...F ...G } fragment F on M { ${login('"a"')} } fragment G on M { b: ${login('"b"')} }`,
      },
    ],
    [
      'one fragment, spread twice',
      { query: `mutation { ...F ...F } fragment F on M { ${login('"a"')} }` },
    ],
    // What starts a session in the same request would look like the login's success.
    [
      'another field beside it',
      { query: `mutation { ${login('"a"')} signUp(email: "own") { id } }` },
    ],
    [
      'another login beside it',
      { query: `mutation { ${login('"a"')} authenticateAdmin(email: "own") { id } }` },
    ],
    [
      'another field in a fragment',
      { query: `mutation { ${login('"a"')} ...F } fragment F on M { ... { b: signUp { id } } }` },
    ],
    [
      'an operation that is not the one to be executed',
      { query: `mutation A { signUp { id } } mutation B { ${login('"a"')} }`, operationName: 'A' },
    ],
    ['two operations', { query: `mutation A { ${login('"a"')} } mutation B { ${login('"b"')} }` }],
    ['a batch', [{ query: `mutation { ${login('"a"')} }` }]],
    ['a persisted query', { extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } }],
    [
      'more than 100 extensions',
      {
        query: `mutation { ${login('"a"')} }`,
        extensions: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`x${i}`, i])),
      },
    ],
    ['no argument', { query: `mutation { ${field} }` }],
    ['another argument', { query: `mutation { ${field}(mail: "a") }` }],
    ['an argument twice', { query: `mutation { ${field}(email: "a", email: "b") }` }],
    ['a number', { query: `mutation { ${login('7')} }` }],
    ['a list', { query: `mutation { ${login('["a"]')} }` }],
    ['null', { query: `mutation { ${login('null')} }` }],
    ['a variable that is not there', { query: `mutation M($e: String) { ${login('$e')} }` }],
    ['a variable nobody declared', { query: `mutation { ${login('$e')} }` }],
    [
      'a variable that is null before its default',
      { query: `mutation($e: S = "a") { ${login('$e')} }`, variables: { e: null } },
    ],
    [
      'a variable that is inherited',
      { query: `mutation($toString: S) { ${login('$toString')} }`, variables: {} },
    ],
    ['variables as text', { query: `mutation($e: S) { ${login('$e')} }`, variables: '{"e":"a"}' }],
    ['a fragment that is not there', { query: 'mutation { ...F }' }],
    ['a fragment that spreads itself', { query: 'mutation { ...F } fragment F on M { ...F }' }],
    [
      'a fragment twice',
      { query: `mutation { ...F } fragment F on M { me } fragment F on M { ${login('"a"')} }` },
    ],
    ['what is no GraphQL', { query: 'mutation { ^ }' }],
    ['a text without its end', { query: 'mutation { a(b: "c' }],
    ['a block text without its end', { query: 'mutation { a(b: """c\\"""' }],
    ['braces without their end', { query: 'mutation { a { b }' }],
    ['a schema', { query: 'type A { b: C }' }],
    ['objects in objects', { query: `mutation { a(b: ${'{c:'.repeat(5000)}` }],
    ['lists in lists', { query: `mutation { a(b: ${'['.repeat(5000)}` }],
    ['fragments in fragments', { query: `mutation { ${'...{'.repeat(5000)}` }],
  ])('%s: nobody can say', (_, request) => {
    expect(readGraphqlLogin(request, rule)).toBe(undefined)
  })
})

describe('a request over HTTP', () => {
  const read = createAccountReader(rule)
  const post = (body: string, search = ''): ReturnType<typeof read> =>
    read(
      new Request('https://app.example.com/api/graphql', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      }),
      search,
    )

  it('T11: is read, and goes on byte for byte as it came, login or not', async () => {
    const query = `mutation { ${login('"Zoé@example.com"')} }`
    const body = ` {"query":${JSON.stringify(query)},"variables":{"n":12345678901234567890,"e":1e400,"z":-0} } `
    expect(await post(body)).toEqual({
      ...{ ok: true, account: { key: 'zoe@example.com', text: 'Zo\u00e9@example.com' }, body },
    })
    const other = ' {"query":"{me}", "variables":{"n":12345678901234567890,"e":1e400,"z":-0}} '
    expect(await post(other)).toEqual({ ok: true, account: undefined, body: other })
  })

  it.each([
    ['two queries', '{"query":"{me}","query":"{you}"}', ''],
    ['a query in the address', '{"query":"{me}"}', '?query=mutation'],
    ['variables in the address', '{"query":"{me}"}', '?variables=%7B%7D'],
    ['a query in the address, behind a semicolon', '{"query":"{me}"}', '?a=1;query=mutation'],
    // encoding/json of Go finds a member without case, and takes the last one.
    ['a query by another case', '{"query":"{me}","Query":"{you}"}', ''],
    ['variables by another case', '{"query":"{me}","VARIABLES":{"email":"victim"}}', ''],
    ['the id of a stored operation', '{"query":"{me}","documentId":"x"}', ''],
    ['the id of another kind', '{"query":"{me}","doc_id":"1"}', ''],
    [
      'the hash of a persisted query',
      '{"query":"{me}","extensions":{"persistedQuery":{"version":1,"sha256Hash":"x"}}}',
      '',
    ],
  ])('with %s is 400', async (_, body, search) => {
    expect(await post(body, search)).toEqual({ ok: false, status: 400 })
  })
})

// One anonymous request of 64 KB cost up to 200 ms: mutation { ...F ...F (100 times) } fragment F on M { a a a (32,000 times) }
describe('T10: a document of 64 KB', () => {
  const repeat = (text: string): string => text.repeat(Math.floor(60_000 / text.length))

  it.each([
    [
      'fields in a fragment that is spread a hundred times',
      `mutation { ${'...F '.repeat(100)} } fragment F on M { ${repeat('a ')} }`,
    ],
    ['fields', `{ ${repeat('a ')} }`],
    ['fragments', repeat('fragment F on M{a}')],
    ['operations', repeat('{a}')],
    ['objects in objects', `{ a(b: ${repeat('{c:')}`],
    ['inline fragments', `{ ${repeat('...{')}`],
    ['arguments', `{ a(${repeat('b:1 ')}) }`],
    ['texts', `{ a(b: [${repeat('"x" ')}]) }`],
  ])('of %s is refused by its tokens', (_, query) => {
    expect(ask(query)).toBe(undefined)
  })

  it('takes 1,000 tokens, or as many as an option says', () => {
    const query = (fields: number): string => `{ ${'a '.repeat(fields)}}`
    expect([ask(query(998)), ask(query(999))]).toEqual(['none', undefined])
    expect(readGraphqlLogin({ query: query(1998) }, { ...rule, maxTokens: 2000 })).toBe('none')
  })

  it('walks each fragment once, however often it is spread', () => {
    const chain = Array.from(
      { length: 90 },
      (_, i) => `fragment F${i} on M { ...F${i + 1} ...F${i + 1} }`,
    ).join(' ')
    expect(ask(`{ ...F0 } ${chain} fragment F90 on M { a }`)).toBe('none')
    expect(ask(`mutation { ...F0 } ${chain} fragment F90 on M { ${login('"a"')} }`)).toBe(undefined)
  })
})

import { describe, expect, it } from 'vitest'
import { inspectGraphql } from '../../src/graphql/inspect.ts'
import { createAccountReader } from '../../src/limit/throttle/account/read-account.ts'
import { bodyBytes, type GraphqlBody, graphqlBodies } from '../support/graphql-bodies.ts'
import { limitsOf } from './support.ts'

const defaults = limitsOf({ form: true })
const widest = limitsOf({
  ...{ maxTokens: 100_000, maxDepth: 1000, maxAliases: 100_000, maxDirectives: 100_000 },
  ...{ maxRootFields: 100_000, maxFields: 1_000_000, maxVariableDepth: 1000, maxBatch: 1000 },
  ...{ maxTake: 1_000_000_000, form: true },
})
const readAccount = createAccountReader({ graphql: 'login', argument: 'email' })

function post({ body, type = 'application/json' }: GraphqlBody): Request {
  return new Request('https://app.example.com/graphql', {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  })
}

// What each of them costs is measured in bare workerd: npm run bench -- --only graphql
describe('T10: a body of 64 KB that was made to cost much', () => {
  it.each(graphqlBodies.map((body) => [body.name, body] as const))(
    'gets its answer, and goes on byte for byte if it passes: %s',
    async (_, body) => {
      expect(new TextEncoder().encode(body.body).byteLength).toBeLessThanOrEqual(bodyBytes)
      for (const limits of [defaults, widest]) {
        const found = await inspectGraphql(post(body), limits)
        if (found.ok) expect(new TextDecoder().decode(found.body)).toBe(body.body)
        else expect(found.reason).toMatch(/^(?:graphql|body)-/)
      }
      const read = await readAccount(post(body), '')
      if (read.ok) expect(read.body).toBe(body.body)
      else expect(read.status).toBe(body.type === undefined ? 400 : 415)
    },
  )

  it.each([
    ['more than 5,000 operations', `{"query":"${'{a}'.repeat(5001)}"}`, 'graphql-malformed'],
    ['5,000 operations', `{"query":"${'{a}'.repeat(5000)}"}`, undefined],
  ])('is refused for %s only', async (_, body, reason) => {
    const found = await inspectGraphql(post({ name: '', body }), widest)
    expect(found.ok ? undefined : found.reason).toBe(reason)
  })

  it.each([
    ['a name of 257 characters beyond ASCII', `query={a}&${'%EF%B7%BA'.repeat(257)}=1`],
    ['a name of 1,025 characters', `query={a}&${'a'.repeat(1025)}=1`],
    ['a thousand names behind semicolons', `query={a}&a=${';b=1'.repeat(1001)}`],
  ])('is refused for %s, which nobody looks at', async (_, body) => {
    const found = await inspectGraphql(
      post({ name: '', body, type: 'application/x-www-form-urlencoded' }),
      widest,
    )
    expect(found).toMatchObject({ ok: false, reason: 'body-malformed' })
  })
})

describe('how many members a request may have', () => {
  const members = (count: number): string =>
    Array.from({ length: count }, (_, i) => `"m${i}":${i}`).join()
  const inspect = async (body: string, limits = defaults): Promise<string> => {
    const found = await inspectGraphql(post({ name: '', body }), limits)
    return found.ok ? 'passes' : found.reason
  }

  it('is 100, and as many variables as the body holds', async () => {
    expect(await inspect(`{"query":"{a}",${members(99)}}`)).toBe('passes')
    expect(await inspect(`{"query":"{a}",${members(100)}}`)).toBe('graphql-malformed')
    expect(await inspect(`{"query":"{a}","variables":{${members(5000)}}}`)).toBe('passes')
    expect(await inspect(`{"query":"{a}","extensions":{${members(5000)}}}`)).toBe('passes')
  })

  it('is 100 for each request of a list', async () => {
    const list = (count: number): string => `[{"query":"{a}",${members(count)}},{"query":"{a}"}]`
    expect(await inspect(list(99), widest)).toBe('passes')
    expect(await inspect(list(100), widest)).toBe('graphql-malformed')
  })

  it('matters to no list where lists are not allowed', async () => {
    for (const body of ['[]', ' \t\r\n[{"query":"{a}"}]', '[{},', '[[[['])
      expect(await inspect(body)).toBe('graphql-batch')
    expect(await inspect('[{},', widest)).toBe('body-malformed')
  })
})

describe('a page size in a variable', () => {
  const ask = async (query: string, variables?: object): Promise<string | undefined> => {
    const body = JSON.stringify({ query, variables })
    const found = await inspectGraphql(post({ name: '', body }), limitsOf({ maxTake: 10 }))
    return found.ok ? undefined : found.reason
  }

  it('may be the default of any operation, unless the request has a value for it', async () => {
    const [small, large] = ['query A($n:Int=5){a(first:$n)}', 'query B($n:Int=50){b}']
    expect(await ask(small)).toBeUndefined()
    expect(await ask(`${small} ${large}`)).toBe('graphql-page-size')
    expect(await ask(`${large} ${small}`)).toBe('graphql-page-size')
    expect(await ask(`${small} ${large}`, { n: 5 })).toBeUndefined()
    expect(await ask(small, { n: 50 })).toBe('graphql-page-size')
    expect(await ask(`${small} query B($m:Int=50){b}`)).toBeUndefined()
  })
})

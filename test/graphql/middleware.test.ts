import { Hono } from 'hono'
import { describe, expect, it, test } from 'vitest'
import { graphqlGuard } from '../../src/graphql/index.ts'
import type { SecurityEvent } from '../../src/types.ts'

const json = { 'Content-Type': 'application/json' }
const nested = (levels: number): string => `${'{a'.repeat(levels)}${'}'.repeat(levels)}`
const url = 'https://app.example.test/graphql'

function appWith(options: Parameters<typeof graphqlGuard>[0] = {}) {
  const seen: string[] = []
  const events: SecurityEvent[] = []
  const app = new Hono()
    .use('/graphql', graphqlGuard({ onEvent: (event) => events.push(event), ...options }))
    .all('/graphql', async (c) => {
      seen.push(await c.req.text())
      return c.json({ data: {} })
    })
  return { app, seen, events }
}

/** Status, code, and whether the handler was reached. */
async function at(
  options: Parameters<typeof graphqlGuard>[0],
  init: RequestInit,
  query = '',
): Promise<unknown[]> {
  const { app, seen, events } = appWith(options)
  const response = await app.request(url + query, init)
  const body =
    init.method === 'HEAD'
      ? {}
      : ((await response.json()) as { errors?: Array<{ extensions: { code: string } }> })
  expect(events).toHaveLength(response.status === 200 ? 0 : 1)
  if (response.status !== 200) expect(response.headers.get('Cache-Control')).toBe('no-store')
  return [response.status, body.errors?.[0]?.extensions.code ?? 'passes', seen.length]
}

describe('a body', () => {
  test.each<[string, string, string, number, string]>([
    ['application/json', '{"query":"{a}"}', 'JSON', 200, 'passes'],
    ['Application/JSON; charset="UTF-8"', '{"query":"{a}"}', 'JSON', 200, 'passes'],
    ['application/graphql+json', '{"query":"{a}"}', 'JSON', 200, 'passes'],
    [
      'application/json; charset=utf-16',
      '{"query":"{a}"}',
      'another charset',
      415,
      'CONTENT_TYPE_NOT_ALLOWED',
    ],
    [
      'application/json; x=y',
      '{"query":"{a}"}',
      'a parameter nobody knows',
      415,
      'CONTENT_TYPE_NOT_ALLOWED',
    ],
    [
      'application/json, text/plain',
      '{"query":"{a}"}',
      'two types',
      415,
      'CONTENT_TYPE_NOT_ALLOWED',
    ],
    ['application/graphql', '{a}', 'GraphQL itself', 415, 'CONTENT_TYPE_NOT_ALLOWED'],
    // What a page of any site can send without asking.
    ['text/plain', '{"query":"{a}"}', 'text', 415, 'CONTENT_TYPE_NOT_ALLOWED'],
    ['application/x-www-form-urlencoded', 'query={a}', 'a form', 415, 'CONTENT_TYPE_NOT_ALLOWED'],
    [
      'multipart/form-data; boundary=x',
      '--x--',
      'a form with files',
      415,
      'CONTENT_TYPE_NOT_ALLOWED',
    ],
    ['application/json', '', 'nothing', 400, 'BODY_MALFORMED'],
    ['application/json', '{"query":"{a}"', 'half of it', 400, 'BODY_MALFORMED'],
    ['application/json', '\ufeff{"query":"{a}"}', 'a byte order mark', 400, 'BODY_MALFORMED'],
    [
      'application/json',
      '{"query":"{a}","__proto__":{"query":1}}',
      'a prototype',
      400,
      'BODY_MALFORMED',
    ],
    // {"query": honest, "query": deep}: parsers differ in which one counts.
    [
      'application/json',
      `{"query":"{a}","query":"${nested(11)}"}`,
      'two queries',
      400,
      'BODY_MALFORMED',
    ],
    [
      'application/json',
      `{"query":"{a}","qu\\u0065ry":"${nested(11)}"}`,
      'two queries, one escaped',
      400,
      'BODY_MALFORMED',
    ],
    [
      'application/json',
      '{"query":"{a}","variables":{"n":1,"n":500}}',
      'two values of a variable',
      400,
      'BODY_MALFORMED',
    ],
    [
      'application/json',
      `{"query":"{a}","QUERY":"${nested(11)}"}`,
      'two spellings',
      400,
      'GRAPHQL_MALFORMED',
    ],
    ['application/json', `{"query":"${nested(11)}"}`, 'depth', 400, 'GRAPHQL_TOO_DEEP'],
    ['application/json', `{"query":"\\u007b${nested(10)}}"}`, 'no field', 400, 'GRAPHQL_MALFORMED'],
    ['application/json', '[{"query":"{a}"}]', 'a batch', 400, 'GRAPHQL_BATCH'],
    ['application/json', '{"query":"{__schema{a}}"}', 'the schema', 403, 'GRAPHQL_INTROSPECTION'],
    [
      'application/json',
      `{"query":"{a}","x":"${'x'.repeat(65_536)}"}`,
      '64 KB',
      413,
      'BODY_TOO_LARGE',
    ],
  ])('of %s is taken or not: %#', async (type, body, _what, status, code) => {
    const init = { method: 'POST', headers: { 'Content-Type': type }, body }
    expect(await at({}, init)).toEqual([status, code, status === 200 ? 1 : 0])
  })

  it('without a type is not taken', async () => {
    const body = new TextEncoder().encode('{"query":"{a}"}')
    expect(await at({}, { method: 'POST', body })).toEqual([415, 'CONTENT_TYPE_NOT_ALLOWED', 0])
  })

  // curl --data-binary @bomb.gz -H 'Content-Encoding: gzip'
  it.each(['gzip', 'br', 'deflate', 'gzip, identity'])(
    'coded as %s is not taken',
    async (coding) => {
      const headers = { ...json, 'Content-Encoding': coding }
      expect(await at({}, { method: 'POST', headers, body: 'x' })).toEqual([
        415,
        'CONTENT_TYPE_NOT_ALLOWED',
        0,
      ])
    },
  )

  it('that is no UTF-8 is not taken', async () => {
    const body = new Uint8Array([
      ...new TextEncoder().encode('{"query":"{a'),
      0xff,
      ...new TextEncoder().encode('}"}'),
    ])
    expect(await at({}, { method: 'POST', headers: json, body })).toEqual([
      400,
      'BODY_MALFORMED',
      0,
    ])
  })

  it('that never ends is left at the first byte too many', async () => {
    let pulled = 0
    let cancelled = false
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++
        controller.enqueue(new Uint8Array(1024).fill(0x20))
      },
      cancel() {
        cancelled = true
      },
    })
    const init = { method: 'POST', headers: json, body, duplex: 'half' } as RequestInit
    expect(await at({}, init)).toEqual([413, 'BODY_TOO_LARGE', 0])
    expect(pulled).toBeLessThan(80)
    expect(cancelled).toBe(true)
  })

  it('reaches the handler as it came, byte for byte', async () => {
    const { app, seen } = appWith()
    const body =
      ' { "operationName" : null,\t"query":"{a(b:\\"\\u00e9é\\")}", "variables" :{ "n": 1.50 , "o":[] } }\n'
    await app.request(url, { method: 'POST', headers: json, body })
    expect(seen).toEqual([body])
  })
})

describe('a GET', () => {
  const get = { method: 'GET' }
  test.each<[string, object, number]>([
    ['', {}, 200],
    ['?page=2', {}, 200],
    ['?query={a}', {}, 405],
    ['?QUERY={a}', {}, 405],
    ['?query[]={a}', {}, 405],
    ['?%71uery={a}', {}, 405],
    // qs, and with it Express 4, and Rack read the first as `query`, PHP the second, Rack 2 the third.
    ['?[query]={a}', {}, 405],
    ['?query%00x={a}', {}, 405],
    ['?a=1;query={a}', {}, 405],
    [`?query={a}&a=1;query=${nested(11)}`, { get: true }, 400],
    [`?query={a}&[query]=${nested(11)}`, { get: true }, 400],
    ['?query={a(s:";")}', { get: true }, 200],
    ['?extensions={"persistedQuery":{}}', {}, 405],
    ['?documentId=x', {}, 405],
    ['?query={a}', { get: true }, 200],
    ['?query={a}&variables={"n":1}', { get: true }, 200],
    ['?query={a}&variables=', { get: true }, 200],
    ['?extensions={"persistedQuery":{"sha256Hash":"x"}}', { get: true }, 200],
    ['?query=mutation{a}', { get: true }, 405],
    [`?query=${nested(11)}`, { get: true }, 400],
    [`?query={a}&query=${nested(11)}`, { get: true }, 400],
    [`?query={a}&QUERY=${nested(11)}`, { get: true }, 400],
    [`?query={a}&query[]=${nested(11)}`, { get: true }, 400],
    ['?query={a}&variables={"n":1,"n":2}', { get: true }, 400],
    ['?query={a}&variables=7', { get: true }, 400],
    ['?query={a(take:9)}', { get: true, maxTake: 5 }, 400],
    ['?query={__schema{a}}', { get: true }, 403],
  ])('of %s with %j is %i', async (query, options, status) => {
    expect((await at(options, get, query))[0]).toBe(status)
    expect((await at(options, { method: 'HEAD' }, query))[0]).toBe(status)
  })

  it('says what is taken instead', async () => {
    const response = await appWith().app.request(`${url}?query={a}`)
    expect([response.status, response.headers.get('Allow')]).toEqual([405, 'POST'])
  })
})

describe('other ways in', () => {
  const query = '{"query":"{a}"}'
  it.each(['PUT', 'PATCH', 'DELETE', 'QUERY'])('%s is none', async (method) => {
    expect(await at({}, { method, headers: json, body: query })).toEqual([
      405,
      'METHOD_NOT_ALLOWED',
      0,
    ])
  })

  // POST /graphql?query={deep}, with an honest body: express-graphql prefers the url.
  it.each([
    `?query=${nested(11)}`,
    '?variables={"n":500}',
    '?operationName=B',
    '?Query={a}',
    '?x=1;variables={"n":500}',
  ])('an operation in the url of a POST is none: %s', async (search) => {
    expect(await at({}, { method: 'POST', headers: json, body: query }, search)).toEqual([
      400,
      'BODY_MALFORMED',
      0,
    ])
  })

  it('a socket is none, for nothing in it would be looked at, unless that is said', async () => {
    const headers = { Upgrade: 'websocket', Connection: 'Upgrade' }
    expect((await at({}, { headers }))[0]).toBe(501)
    expect((await at({ insecureSockets: true }, { headers }))[0]).toBe(200)
  })

  it('OPTIONS passes: a preflight asks for nothing', async () => {
    expect((await at({}, { method: 'OPTIONS' }))[0]).toBe(200)
  })

  it('G4: OPTIONS with an operation is no preflight', async () => {
    const json = { 'content-type': 'application/json' }
    expect((await at({}, { method: 'OPTIONS', headers: json, body: '{"query":"{a}"}' }))[0]).toBe(
      405,
    )
  })

  test.each<[string, string, object, number]>([
    [
      'application/x-www-form-urlencoded',
      'query=%7Ba%7D&variables=%7B%22n%22%3A1%7D',
      { form: true },
      200,
    ],
    ['application/x-www-form-urlencoded', `query=${nested(11)}`, { form: true }, 400],
    ['application/x-www-form-urlencoded', `query={a}&query=${nested(11)}`, { form: true }, 400],
    ['application/x-www-form-urlencoded', `query={a}&query[]=${nested(11)}`, { form: true }, 400],
    ['application/x-www-form-urlencoded', `query={a}&[query]=${nested(11)}`, { form: true }, 400],
    [
      'application/x-www-form-urlencoded',
      `query={a}&operationName=x;query=${nested(11)}`,
      { form: true },
      400,
    ],
    ['application/x-www-form-urlencoded', 'query={a}&a=x;y', { form: true }, 200],
    ['application/x-www-form-urlencoded', 'a=b', { form: true }, 400],
    ['text/plain', query, { text: true }, 200],
    ['text/plain', `{"query":"${nested(11)}"}`, { text: true }, 400],
    ['text/plain', query, { form: true }, 415],
  ])('%s of %s with %j is %i', async (type, body, options, status) => {
    expect(
      (await at(options, { method: 'POST', headers: { 'Content-Type': type }, body }))[0],
    ).toBe(status)
  })
})

describe('the answer', () => {
  const deep = { method: 'POST', body: JSON.stringify({ query: nested(11) }) }
  test.each([
    [undefined, 'application/json; charset=utf-8'],
    ['application/json', 'application/json; charset=utf-8'],
    ['*/*', 'application/json; charset=utf-8'],
    ['application/graphql-response+json', 'application/graphql-response+json; charset=utf-8'],
    [
      'application/json;q=0.9, Application/GraphQL-Response+JSON; charset=utf-8',
      'application/graphql-response+json; charset=utf-8',
    ],
    ['application/graphql-response+json;q=0, application/json', 'application/json; charset=utf-8'],
  ])('to a client that accepts %s is %s', async (accept, type) => {
    const headers = { ...json, ...(accept !== undefined && { Accept: accept }) }
    const response = await appWith().app.request(url, { ...deep, headers })
    expect([response.status, response.headers.get('Content-Type')]).toEqual([400, type])
    expect(await response.json()).toEqual({
      errors: [
        { message: 'The document is nested too deeply.', extensions: { code: 'GRAPHQL_TOO_DEEP' } },
      ],
    })
  })

  it('may be the app’s own', async () => {
    const { app } = appWith({ refuse: ({ reason }) => new Response(reason, { status: 418 }) })
    const response = await app.request(url, { ...deep, headers: json })
    expect([response.status, await response.text()]).toEqual([418, 'graphql-too-deep'])
  })

  it('tells events with the reason, and never what was asked', async () => {
    const { app, events } = appWith()
    await app.request(url, { ...deep, headers: json })
    expect(events).toEqual([{ type: 'graphql-refused', reason: 'graphql-too-deep' }])
  })
})

describe('the schema', () => {
  const ask = { method: 'POST', headers: json, body: '{"query":"{__type(name:\\"A\\"){name}}"}' }
  test.each<[unknown, number]>([
    [true, 200],
    [false, 403],
    [() => true, 200],
    [async () => true, 200],
    [() => false, 403],
    [() => 'yes', 403],
    [() => undefined, 403],
  ])('is shown where that is %s: %#', async (introspection, status) => {
    expect((await at({ introspection } as never, ask))[0]).toBe(status)
  })

  it('is shown by who is asking', async () => {
    const { app } = appWith({ introspection: (c) => c.req.header('X-Role') === 'developer' })
    const as = async (role: string): Promise<number> =>
      (await app.request(url, { ...ask, headers: { ...json, 'X-Role': role } })).status
    expect([await as('developer'), await as('visitor')]).toEqual([200, 403])
  })
})

describe('watching', () => {
  it('refuses nothing that could be read, and tells the same', async () => {
    const { app, seen, events } = appWith({ mode: 'observe' })
    const bodies = [JSON.stringify({ query: nested(11) }), '{"query":"{__schema{a}}"}', 'no JSON']
    for (const body of bodies) {
      expect((await app.request(url, { method: 'POST', headers: json, body })).status).toBe(200)
    }
    expect(
      (
        await app.request(url, {
          method: 'POST',
          headers: { 'Content-Type': 'text/plain' },
          body: 'x',
        })
      ).status,
    ).toBe(200)
    expect(seen).toEqual([...bodies, 'x'])
    expect(events.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'graphql-observed graphql-too-deep',
      'graphql-observed graphql-introspection',
      'graphql-observed body-malformed',
      'graphql-observed content-type-not-allowed',
    ])
  })

  it('refuses what cannot be handed on whole', async () => {
    const { app, events } = appWith({ mode: 'observe', maxBodyBytes: 10 })
    const body = new Response('{"query":"{a}"}').body
    const init = { method: 'POST', headers: json, body, duplex: 'half' } as RequestInit
    expect((await app.request(url, init)).status).toBe(413)
    expect(events[0]?.type).toBe('graphql-refused')
  })
})

it('options that cannot be meant are refused while building', () => {
  expect(() => graphqlGuard({ maxDepht: 1 } as never)).toThrow('did you mean maxDepth?')
  expect(() => graphqlGuard({ introspection: 'admin' } as never)).toThrow(
    'graphqlGuard.introspection must be',
  )
  expect(() => graphqlGuard({ mode: 'log' } as never)).toThrow('graphqlGuard.mode must be')
})

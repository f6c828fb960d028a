import { createHash } from 'node:crypto'
import { Redis } from '@upstash/redis/cloudflare'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startRedisHttp } from '../../../tools/dev/redis-http.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'

const noscript = 'NOSCRIPT No matching script. Please use EVAL.'

describe.skipIf(noRedis)('the bridge answers as Upstash does', () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())
  beforeEach(() => redis.flush())

  interface Answer {
    status: number
    type: string
    sync: string | null
    body: unknown
  }
  async function send(path: string, body?: unknown, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(redis.url + path, {
      method: 'POST',
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...init,
      headers: { Authorization: `Bearer ${redis.token}`, ...init.headers },
    })
    return {
      status: response.status,
      type: response.headers.get('Content-Type') ?? '',
      sync: response.headers.get('Upstash-Sync-Token'),
      body: await response.json(),
    }
  }
  const base64 = { headers: { 'Upstash-Encoding': 'base64' } }

  it('1: one command at /, many at /pipeline and /multi-exec', async () => {
    expect(await send('/', ['SET', 'a', '1'])).toMatchObject({
      status: 200,
      body: { result: 'OK' },
    })
    expect(
      (
        await send('/pipeline', [
          ['GET', 'a'],
          ['INCR', 'a'],
        ])
      ).body,
    ).toEqual([{ result: '1' }, { result: 2 }])
    expect(
      (
        await send('/multi-exec', [
          ['GET', 'a'],
          ['INCR', 'a'],
        ])
      ).body,
    ).toEqual([{ result: '2' }, { result: 3 }])
  })

  it('1: a subscription is a stream of events', async () => {
    const gone = new AbortController()
    const response = await fetch(`${redis.url}/subscribe/news`, {
      method: 'POST',
      body: '[]',
      headers: { Authorization: `Bearer ${redis.token}`, Accept: 'text/event-stream' },
      signal: gone.signal,
    })
    expect(response.headers.get('Content-Type')).toBe('text/event-stream')
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const read = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value)
    expect(await read()).toBe('data: subscribe,news,1\n\n')
    await redis.raw.call('PUBLISH', 'news', 'hello, you')
    expect(await read()).toBe('data: message,news,hello, you\n\n')
    gone.abort()
  })

  it('2: the headers of the client are understood, those of no concern ignored', async () => {
    const client = new Redis({ url: redis.url, token: redis.token })
    expect(await client.set('a', 'ü')).toBe('OK')
    expect(await client.get('a')).toBe('ü')
    expect(redis.control.heard[0]?.headers).toMatchObject({
      'upstash-encoding': 'base64',
      'upstash-telemetry-platform': 'cloudflare',
    })
  })

  it('3: arguments may be numbers, true and false', async () => {
    await send('/', ['RPUSH', 'a', 1, 1.5, true, false, 'x'])
    expect(await redis.raw.call('LRANGE', 'a', 0, -1)).toEqual(['1', '1.5', 'true', 'false', 'x'])
  })

  it('4: a command may stand in the path, the body and the query behind it', async () => {
    expect((await send('/set/a%20b', 'c d')).body).toEqual({ result: 'OK' })
    expect((await send('/set/e/f?EX=100', undefined, { method: 'GET' })).body).toEqual({
      result: 'OK',
    })
    expect(await redis.raw.dump()).toMatchObject({ 'a b': { value: 'c d' }, e: { value: 'f' } })
    expect(await redis.raw.call('TTL', 'e')).toBe(100)
    const open = await fetch(`${redis.url}/get/e?_token=${redis.token}`)
    expect(await open.json()).toEqual({ result: 'f' })
  })

  it.each<[string, string, unknown, RequestInit, number, string]>([
    [
      'an unknown command',
      '/',
      ['NOPE'],
      {},
      400,
      "ERR unknown command 'NOPE', with args beginning with: ",
    ],
    ['a body that is no JSON', '/', '{', {}, 400, 'ERR failed to parse command'],
    ['an empty command', '/', [], {}, 400, 'ERR failed to parse command'],
    ['a broken path', '/get/%ff', undefined, {}, 400, 'ERR failed to parse command'],
    ['an empty pipeline', '/pipeline', [], {}, 400, 'ERR failed to parse pipeline request'],
    [
      'a pipeline of strings',
      '/pipeline',
      ['GET', 'a'],
      {},
      400,
      'ERR failed to parse pipeline request',
    ],
    ['DELETE', '/', undefined, { method: 'DELETE' }, 405, 'ERR method not allowed'],
    [
      'a wrong token',
      '/',
      ['GET', 'a'],
      { headers: { Authorization: 'Bearer no' } },
      401,
      'WRONGPASS invalid or missing auth token',
    ],
    [
      'no token',
      '/pipeline',
      [['GET', 'a']],
      { headers: { Authorization: '' } },
      401,
      'WRONGPASS invalid or missing auth token',
    ],
    [
      'a token in vain',
      '/multi-exec',
      [['GET', 'a']],
      { headers: { Authorization: 'no' } },
      401,
      'WRONGPASS invalid or missing auth token',
    ],
  ])('5: %s is an error in JSON', async (_, path, body, init, status, error) => {
    expect(await send(path, body, init)).toMatchObject({
      status,
      type: 'application/json',
      body: { error },
    })
  })

  it('6: a pipeline is 200, each item its own result or error, in order', async () => {
    const { status, body } = await send('/pipeline', [
      ['SET', 'a', 'x'],
      ['INCR', 'a'],
      ['GET', 'a'],
      ['EVALSHA', 'f'.repeat(40), '0'],
    ])
    expect(status).toBe(200)
    expect(body).toEqual([
      { result: 'OK' },
      { error: 'ERR value is not an integer or out of range' },
      { result: 'x' },
      { error: noscript },
    ])
  })

  it('7: a transaction answers errors per item; one that is discarded is one error', async () => {
    expect(
      (
        await send('/multi-exec', [
          ['SET', 'a', 'x'],
          ['INCR', 'a'],
          ['GET', 'a'],
        ])
      ).body,
    ).toEqual([
      { result: 'OK' },
      { error: 'ERR value is not an integer or out of range' },
      { result: 'x' },
    ])
    const discarded = await send('/multi-exec', [['SET', 'a', 'y'], ['NOPE']])
    expect(discarded).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining("unknown command 'NOPE'") },
    })
    expect(await redis.raw.call('GET', 'a')).toBe('x')
  })

  it('7: transactions of several requests do not mix', async () => {
    const bodies = await Promise.all(
      Array.from({ length: 50 }, () =>
        send('/multi-exec', [
          ['INCR', 'n'],
          ['INCR', 'n'],
        ]).then(({ body }) => body),
      ),
    )
    for (const body of bodies as Array<[{ result: number }, { result: number }]>) {
      expect(body[1].result - body[0].result).toBe(1)
    }
  })

  it('8: integers are numbers, nil is null, lists are lists, at any depth', async () => {
    const source =
      "return {1, false, {'a', {redis.status_reply('OK'), redis.status_reply('FINE')}}}"
    expect((await send('/', ['EVAL', source, '0'])).body).toEqual({
      result: [1, null, ['a', ['OK', 'FINE']]],
    })
    expect((await send('/', ['EVAL', source, '0'], base64)).body).toEqual({
      result: [1, null, ['YQ==', ['OK', 'RklORQ==']]],
    })
  })

  it('8: base64 is of the bytes themselves; the word OK is not encoded as a status, and is as a string', async () => {
    expect((await send('/', ['EVAL', "return '\\255\\254\\0a'", '0'], base64)).body).toEqual({
      result: '//4AYQ==',
    })
    expect((await send('/', ['SET', 'a', 'OK'], base64)).body).toEqual({ result: 'OK' })
    expect((await send('/', ['GET', 'a'], base64)).body).toEqual({ result: 'T0s=' })
    expect((await send('/', ['PING'], base64)).body).toEqual({ result: 'UE9ORw==' })
    expect((await send('/', ['INCR', 'a'], base64)).body).toEqual({
      error: 'ERR value is not an integer or out of range',
    })
  })

  it('8: a value of 1 MB comes through whole', async () => {
    const value = 'ü'.repeat(500_000)
    await send('/', ['SET', 'a', value])
    expect((await send('/', ['GET', 'a'])).body).toEqual({ result: value })
  })

  it('9: every answer has another sync token', async () => {
    const tokens = [await send('/', ['PING']), await send('/', ['PING']), await send('/nope')].map(
      ({ sync }) => sync,
    )
    expect(new Set(tokens).size).toBe(3)
    for (const token of tokens) expect(token).toMatch(/./)
  })

  it('10: a script that is not there is refused in the words of Redis', async () => {
    expect(await send('/', ['EVALSHA', 'f'.repeat(40), '0'])).toMatchObject({
      status: 400,
      body: { error: noscript },
    })
  })

  describe('11: the flag of Upstash', () => {
    const source = "#!lua flags=allow-key-locking\nreturn redis.call('INCR', KEYS[1])"
    const digest = createHash('sha1').update(source).digest('hex')

    it('is taken off, and the script is found under the digest that the client knows', async () => {
      expect((await send('/', ['EVALSHA', digest, '1', 'a'])).body).toEqual({ error: noscript })
      expect((await send('/', ['EVAL', source, '1', 'a'])).body).toEqual({ result: 1 })
      expect((await send('/', ['EVALSHA', digest.toUpperCase(), '1', 'a'])).body).toEqual({
        result: 2,
      })
      expect((await send('/', ['SCRIPT', 'EXISTS', digest, 'f'.repeat(40)])).body).toEqual({
        result: [1, 0],
      })
    })

    it('is taken off a script that is loaded, whose digest is what was given', async () => {
      expect((await send('/', ['SCRIPT', 'LOAD', source])).body).toEqual({ result: digest })
      expect((await send('/', ['SCRIPT', 'LOAD', source], base64)).body).toEqual({
        result: Buffer.from(digest).toString('base64'),
      })
      expect((await send('/', ['EVALSHA', digest, '1', 'a'])).body).toEqual({ result: 1 })
    })

    it('leaves the flags that Redis knows, and the numbers of the lines', async () => {
      const mixed = "#!lua flags=no-writes,allow-key-locking\nreturn redis.call('INCR', KEYS[1])"
      expect((await send('/', ['EVAL', mixed, '1', 'a'])).body).toEqual({
        error: expect.stringContaining('Write commands are not allowed from read-only scripts'),
      })
      expect(
        (await send('/', ['EVAL', '#!lua flags=allow-key-locking\n\nreturn nope()', '0'])).body,
      ).toEqual({
        error: expect.stringContaining('user_script:3:'),
      })
    })

    it('is refused in front of plain Redis', async () => {
      redis.control.plain = true
      expect((await send('/', ['EVAL', source, '1', 'a'])).body).toEqual({
        error: 'ERR Unexpected flag in script shebang: allow-key-locking',
      })
    })

    it.each([
      ['call', "return redis.call('GET', 'session:1')"],
      ['pcall', "return redis.pcall('GET', 'session:1')"],
      ['the second key of a command', "return redis.call('MGET', KEYS[1], 'session:1')"],
      [
        'a key made of a declared one',
        "return redis.call('SET', (KEYS[1] == 'a' and 'session:' or '') .. '1', 'x')",
      ],
    ])('12: makes an undeclared key an error, by %s', async (_, body) => {
      const error =
        "ERR Dynamic keys are not allowed in Lua scripts when 'allow-key-locking' flag is set. Key was: session:1"
      const answer = (await send('/', ['EVAL', `#!lua flags=allow-key-locking\n${body}`, '1', 'a']))
        .body
      expect(answer).toEqual({ error: expect.stringContaining(error) })
      expect(await redis.raw.dump()).toEqual({})
      redis.control.strict = false
      const { body: loose } = await send('/', [
        'EVAL',
        `#!lua flags=allow-key-locking\n ${body}`,
        '1',
        'a',
      ])
      expect(JSON.stringify(loose)).not.toContain('Dynamic keys')
    })

    it('12: lets declared keys and commands without keys pass', async () => {
      const body =
        "redis.call('SET', KEYS[1], 'x') return {redis.call('GET', KEYS[1]), redis.call('TIME')[1], redis.sha1hex('')}"
      const { body: answer } = await send('/', [
        'EVAL',
        `#!lua flags=allow-key-locking\n${body}`,
        '1',
        'a',
      ])
      expect(answer).toEqual({
        result: ['x', expect.stringMatching(/^\d+$/), expect.stringMatching(/^da39a3ee/)],
      })
    })

    it('12: says nothing of a script without the flag', async () => {
      expect((await send('/', ['EVAL', "return redis.call('SET', 'b', 'x')", '0'])).body).toEqual({
        result: 'OK',
      })
    })
  })

  it('14: it listens on loopback and keeps connections alive', async () => {
    const response = await fetch(`${redis.url}/ping`, {
      headers: { Authorization: `Bearer ${redis.token}` },
    })
    expect(response.headers.get('Connection')).toBe('keep-alive')
    expect(await response.json()).toEqual({ result: 'PONG' })
    expect(redis.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  })

  it('says why it does not start', async () => {
    await expect(startRedisHttp({ redisPort: 1 })).rejects.toThrow('ECONNREFUSED')
    await expect(startRedisHttp({})).rejects.toThrow(
      'redisPort, redisUrl or redisSocket is required',
    )
  })
})

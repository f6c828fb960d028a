import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { type RedisOptions, redis, script } from '../../src/redis/index.ts'
import { failureOf, fakeRedis, token, url } from './support.ts'

const echoing = script('echo', 'return ARGV[1]')

/** A binding of an environment that this project does not declare. */
function of(c: { env: unknown }, name: string): string | undefined {
  return (c.env as Record<string, string | undefined>)[name]
}

function faultsOf(options: object): string[] {
  try {
    redis({ url, token, ...options } as RedisOptions)
  } catch (error) {
    return error instanceof ConfigError
      ? error.faults.map(({ option, problem }) => `${option} ${problem}`)
      : []
  }
  return []
}

describe('the address of Redis', () => {
  it.each([
    'https://eu1-fast-cat-12345.upstash.io',
    'https://eu1-fast-cat-12345.upstash.io/',
    'https://proxy.example.com:8443/redis',
    'http://localhost:8079',
    'http://redis.localhost:8079',
    'http://127.0.0.1:8079',
    'http://127.8.9.10',
    'http://[::1]:8079',
  ])('%s may be', (address) => {
    expect(faultsOf({ url: address })).toEqual([])
  })

  it.each([
    [
      'http://redis.internal:8079',
      'redis.url must begin with https://; for a private network set insecurePlainHttp: true',
    ],
    [
      'http://127.0.0.1.example.com',
      'redis.url must begin with https://; for a private network set insecurePlainHttp: true',
    ],
    [
      'http://localhost.example.com',
      'redis.url must begin with https://; for a private network set insecurePlainHttp: true',
    ],
    [
      'rediss://default:hunter2@cat.upstash.io:6379',
      'redis.url must be the https URL of the REST API, not a redis: URL; for that use redis({ send })',
    ],
    ['ftp://cat.upstash.io', 'redis.url must begin with https://'],
    ['cat.upstash.io', 'redis.url must be an absolute URL without white space around it'],
    [' https://cat.upstash.io', 'redis.url must be an absolute URL without white space around it'],
    ['https://cat.upstash.io\n', 'redis.url must be an absolute URL without white space around it'],
    ['', 'redis.url must be an absolute URL without white space around it'],
    [17, 'redis.url must be an absolute URL without white space around it'],
    [
      'https://me:hunter2@cat.upstash.io',
      'redis.url must not contain a user name or password; use the option token instead',
    ],
    ['https://cat.upstash.io/?_token=hunter2', 'redis.url must not have a query or a fragment'],
    [undefined, 'redis.url is required'],
  ])('%s may not be', (address, fault) => {
    expect(faultsOf({ url: address })).toEqual([fault])
  })

  it('may be plain http to another machine only where that is said to be insecure', () => {
    expect(faultsOf({ url: 'http://redis.internal:8079', insecurePlainHttp: true })).toEqual([])
  })
})

describe('the options of a client', () => {
  it('are judged all at once, and no value is named', () => {
    const faults = faultsOf({
      url: 'http://hunter2',
      token: 'hunter 2',
      timeoutMs: 0,
      fetch: true,
      onEvnt: () => {},
    })
    expect(faults).toEqual([
      'redis.onEvnt is not an option; did you mean onEvent?',
      'redis.timeoutMs must be a whole number of milliseconds from 10 to 30000',
      'redis.fetch must be a function',
      'redis.url must begin with https://; for a private network set insecurePlainHttp: true',
      'redis.token must be 1 to 4,096 visible ASCII characters without white space',
    ])
    expect(faults.join()).not.toContain('hunter')
  })

  it.each([['AXQg\n'], ['AXQg QgN2'], ['ключ'], [''], ['a'.repeat(4097)]])(
    'token %j may not be',
    (bad) => {
      expect(faultsOf({ token: bad })).toEqual([
        'redis.token must be 1 to 4,096 visible ASCII characters without white space',
      ])
    },
  )

  it('may be functions of the environment, asked when something is sent and not before', async () => {
    let asked = 0
    const fake = fakeRedis()
    const client = redis({
      ...fake.options,
      url: (c) => {
        asked++
        return of(c, 'URL')
      },
      token: (c) => of(c, 'TOKEN'),
    })
    const ask = client.ask({ URL: url, TOKEN: token })
    await ask.send()
    expect(asked).toBe(0)
    expect(await client.call({ URL: url, TOKEN: token }, echoing, [], ['a'])).toBe('a')
    expect(fake.sent[0]?.url).toBe('https://eu1-fast-cat-12345.upstash.io/pipeline')
    expect(fake.sent[0]?.headers.get('Authorization')).toBe('Bearer AXQgASQgN2E4')
  })

  it('that are not set, or not good, make every call fail with ERR_CONFIG, by name', async () => {
    const fake = fakeRedis()
    const client = redis({ ...fake.options, url: (c) => of(c, 'URL') })
    expect(await failureOf(client.call({}, echoing, [], []))).toMatchObject({
      code: 'ERR_CONFIG',
      message: 'redis.url is not set',
    })
    expect(
      await failureOf(client.call({ URL: 'http://cat.example.com' }, echoing, [], [])),
    ).toMatchObject({
      code: 'ERR_CONFIG',
    })
    expect(fake.sent).toEqual([])
  })

  it('take effect when they change, and each address has a memory of its own', async () => {
    const fake = fakeRedis((commands, { url }) =>
      commands.map(([verb, source]) => {
        if (url.startsWith('https://plain') && `${source}`.startsWith('#!')) {
          return { error: 'ERR Unexpected flag in script shebang: allow-key-locking' }
        }
        return verb === 'evalsha'
          ? { error: 'NOSCRIPT No matching script. Please use EVAL.' }
          : { result: 1 }
      }),
    )
    const client = redis({ ...fake.options, url: (c) => of(c, 'URL') })
    for (const at of ['https://plain.example', 'https://other.example', 'https://plain.example']) {
      await client.call({ URL: at }, echoing, [], [])
    }
    const firsts = fake.sent.map(
      ({ url, commands }) => `${url} ${commands[0]?.[0]} ${`${commands[0]?.[1]}`.slice(0, 2)}`,
    )
    expect(firsts.map((line) => line.replace(/(evalsha) ../, '$1'))).toEqual([
      'https://plain.example/pipeline evalsha',
      'https://plain.example/pipeline eval #!',
      'https://plain.example/pipeline eval --',
      'https://other.example/pipeline evalsha',
      'https://other.example/pipeline eval #!',
      'https://plain.example/pipeline evalsha',
      'https://plain.example/pipeline eval --',
    ])
  })
})

describe('check', () => {
  const client = redis({
    url: (c) => (c.env as unknown as { URL?: string }).URL,
    token: (c) => (c.env as unknown as { TOKEN?: string }).TOKEN,
    fetch: () => {
      throw new Error('check asks nobody')
    },
  })

  it.each([
    [{}, ['redis.url is not set', 'redis.token is not set']],
    [{ URL: 'https://redis.test' }, ['redis.token is not set']],
    [
      { URL: 'redis://redis.test', TOKEN: 'token' },
      [
        'redis.url must be the https URL of the REST API, not a redis: URL; for that use redis({ send })',
      ],
    ],
    [{ URL: 'https://redis.test', TOKEN: 'token' }, []],
  ])('of %j finds %j', (env, expected) => {
    let found: string[] = []
    try {
      client.check(env)
    } catch (error) {
      found = (error as { faults: Array<{ option: string; problem: string }> }).faults.map(
        (f) => `${f.option} ${f.problem}`,
      )
    }
    expect(found).toEqual(expected)
  })
})

import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { type RedisFromEnvOptions, redis, script } from '../../src/redis/index.ts'
import { fakeRedis } from './support.ts'

const echoing = script('echo', 'return ARGV[1]')
const upstash = {
  UPSTASH_REDIS_REST_URL: 'https://eu1-fast-cat-12345.upstash.io',
  UPSTASH_REDIS_REST_TOKEN: 'AXQgASQgN2E4',
}
const kv = {
  KV_REST_API_URL: 'https://us1-slow-dog-54321.upstash.io',
  KV_REST_API_TOKEN: 'BXQgASQgN2E4',
}
const readOnly = { KV_REST_API_READ_ONLY_TOKEN: 'CXQgASQgN2E4' }

/** Where a call goes with an environment, and with which token. */
async function destination(
  env: object,
  options: RedisFromEnvOptions = {},
): Promise<readonly [url: string | undefined, token: string | null | undefined]> {
  const { options: fake, sent } = fakeRedis()
  const client = redis.fromEnv({ fetch: fake.fetch, ...options })
  await client.call(env, echoing, [], ['1'])
  return [sent[0]?.url, sent[0]?.headers.get('authorization')]
}

function faultsWith(env: object, options: RedisFromEnvOptions = {}): string[] {
  try {
    redis.fromEnv(options).check(env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.faults.map(({ option, problem }) => `${option} ${problem}`)
  }
  return []
}

describe('redis.fromEnv()', () => {
  it.each<[string, object, object]>([
    ['the names of Upstash', upstash, upstash],
    [
      'the names of Vercel',
      { ...kv, ...readOnly, KV_URL: 'rediss://x', REDIS_URL: 'rediss://x' },
      kv,
    ],
    [
      'both, for one database',
      {
        ...upstash,
        KV_REST_API_URL: `${upstash.UPSTASH_REDIS_REST_URL}/`,
        KV_REST_API_TOKEN: upstash.UPSTASH_REDIS_REST_TOKEN,
      },
      upstash,
    ],
    ['one pair and half of an empty one', { ...kv, UPSTASH_REDIS_REST_URL: '' }, kv],
  ])('reads %s', async (_, env, pair) => {
    const [url, token] = Object.values(pair)
    expect(await destination(env)).toEqual([`${url}/pipeline`, `Bearer ${token}`])
  })

  it('reads names behind the prefix that Vercel was given', async () => {
    const env = {
      STORAGE_KV_REST_API_URL: kv.KV_REST_API_URL,
      STORAGE_KV_REST_API_TOKEN: kv.KV_REST_API_TOKEN,
    }
    expect(await destination(env, { prefix: 'STORAGE_' })).toEqual([
      `${kv.KV_REST_API_URL}/pipeline`,
      `Bearer ${kv.KV_REST_API_TOKEN}`,
    ])
    expect(faultsWith(env)).toEqual([
      'UPSTASH_REDIS_REST_URL is not set',
      'UPSTASH_REDIS_REST_TOKEN is not set',
    ])
  })

  it('reads the environment of the process where the request has none of them', async () => {
    const place = globalThis as { process?: unknown }
    const before = Object.getOwnPropertyDescriptor(place, 'process')
    Object.defineProperty(place, 'process', {
      value: { env: upstash },
      configurable: true,
      writable: true,
    })
    try {
      const pair = [
        `${upstash.UPSTASH_REDIS_REST_URL}/pipeline`,
        `Bearer ${upstash.UPSTASH_REDIS_REST_TOKEN}`,
      ]
      expect(await destination({ incoming: {} })).toEqual(pair)
      expect(await destination(undefined as never)).toEqual(pair)
      // Never half from here and half from there.
      expect(faultsWith({ KV_REST_API_URL: kv.KV_REST_API_URL })).toEqual([
        'KV_REST_API_TOKEN is not set',
      ])
    } finally {
      if (before) Object.defineProperty(place, 'process', before)
      else delete place.process
    }
  })

  const nothing =
    'cannot be used, because reading a session also writes; set KV_REST_API_TOKEN instead'
  it.each<[string, object, string[]]>([
    [
      'nothing',
      { OTHER: 'x' },
      ['UPSTASH_REDIS_REST_URL is not set', 'UPSTASH_REDIS_REST_TOKEN is not set'],
    ],
    [
      'the address of Upstash and the token of Vercel',
      { UPSTASH_REDIS_REST_URL: 'https://a.upstash.io', KV_REST_API_TOKEN: 'secret-1' },
      [
        'UPSTASH_REDIS_REST_URL and KV_REST_API_TOKEN belong to two different pairs; set both variables of one pair',
      ],
    ],
    [
      'the address of Vercel and the token of Upstash',
      { KV_REST_API_URL: 'https://a.upstash.io', UPSTASH_REDIS_REST_TOKEN: 'secret-1' },
      [
        'UPSTASH_REDIS_REST_TOKEN and KV_REST_API_URL belong to two different pairs; set both variables of one pair',
      ],
    ],
    [
      'two databases',
      { ...upstash, ...kv },
      ['UPSTASH_REDIS_REST_URL and KV_REST_API_URL name different databases; set only one pair'],
    ],
    [
      'two addresses and one token',
      { ...upstash, KV_REST_API_URL: kv.KV_REST_API_URL },
      ['UPSTASH_REDIS_REST_URL and KV_REST_API_URL name different databases; set only one pair'],
    ],
    [
      'one database with two tokens',
      { ...upstash, KV_REST_API_TOKEN: 'secret-1' },
      ['UPSTASH_REDIS_REST_TOKEN and KV_REST_API_TOKEN differ; set only one pair'],
    ],
    [
      'only the read-only token',
      { KV_REST_API_URL: kv.KV_REST_API_URL, ...readOnly },
      [`KV_REST_API_READ_ONLY_TOKEN ${nothing}`],
    ],
    ['the read-only token alone', readOnly, [`KV_REST_API_READ_ONLY_TOKEN ${nothing}`]],
    [
      'the read-only token under the name of the other',
      { ...kv, ...readOnly, KV_REST_API_TOKEN: readOnly.KV_REST_API_READ_ONLY_TOKEN },
      [
        'KV_REST_API_TOKEN has the value of KV_REST_API_READ_ONLY_TOKEN, which cannot write; set the token that can',
      ],
    ],
    [
      'the read-only token under the name of Upstash',
      { ...upstash, ...readOnly, UPSTASH_REDIS_REST_TOKEN: readOnly.KV_REST_API_READ_ONLY_TOKEN },
      [
        'UPSTASH_REDIS_REST_TOKEN has the value of KV_REST_API_READ_ONLY_TOKEN, which cannot write; set the token that can',
      ],
    ],
    [
      'an address without a token',
      { UPSTASH_REDIS_REST_URL: 'https://a.upstash.io' },
      ['UPSTASH_REDIS_REST_TOKEN is not set'],
    ],
    [
      'a token without an address',
      { KV_REST_API_TOKEN: 'secret-1' },
      ['KV_REST_API_URL is not set'],
    ],
    [
      'an address of Redis’s own protocol',
      { REDIS_URL: 'rediss://default:secret-1@a.upstash.io:6379' },
      [
        'UPSTASH_REDIS_REST_URL is not set',
        'UPSTASH_REDIS_REST_TOKEN is not set',
        'REDIS_URL is a URL of Redis’s own protocol; use it with redis({ send }) and socketSender() instead',
      ],
    ],
    [
      'plain http',
      { ...upstash, UPSTASH_REDIS_REST_URL: 'http://a.example.com' },
      ['redis.url must begin with https://; for a private network set insecurePlainHttp: true'],
    ],
  ])('refuses %s by name, and quotes no value', (_, env, faults) => {
    const found = faultsWith(env)
    expect(found).toEqual(faults)
    for (const value of Object.values(env))
      if (value.length > 3) expect(found.join()).not.toContain(value)
  })

  it('refuses options that it does not know', () => {
    expect(faultsWith({}, { timeout: 5 } as never)).toEqual([
      expect.stringContaining('redis.timeout'),
    ])
    expect(faultsWith({}, { prefix: 'a b' })).toEqual([
      expect.stringContaining('redis.fromEnv.prefix'),
    ])
  })
})

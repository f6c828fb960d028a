import { describe, expect, it } from 'vitest'
import { memoryThrottle } from '../../src/limit/throttle/stores/memory-throttle.ts'
import { deviceOf, type LoginBench, loginBench, right } from './login-bench.ts'
import { type LoginOrigin, origins } from './login-origins.ts'

const named = (name: string): LoginOrigin =>
  origins.find((origin) => origin.name === name) as LoginOrigin
const start = (
  name = 'a JSON API',
  ...rest: [] | [Parameters<typeof loginBench>[2]]
): Promise<LoginBench> => loginBench(named(name), memoryThrottle(), ...rest)
const times = async <T>(n: number, make: (at: number) => Promise<T>): Promise<T[]> => {
  const all: T[] = []
  for (let at = 0; at < n; at++) all.push(await make(at))
  return all
}
const zoe = 'zoe@example.com'

// for i in $(seq 60); do curl -d "email=zoe@example.com&password=guess$i" https://app.example.com/login; done
describe.each(origins.map((origin) => [origin.name, origin] as const))('%s', (_, origin) => {
  it('sees five of 60 wrong passwords', async () => {
    const at = await loginBench(origin, memoryThrottle())
    const answers = await times(60, (i) => at.login(zoe, `guess ${i}`))
    expect(at.verified.length).toBe(5)
    expect(answers.filter(({ status }) => status === 429).length).toBe(55)
  })

  it('sees five of 60 wrong passwords that come at once', async () => {
    const at = await loginBench(origin, memoryThrottle())
    await Promise.all(Array.from({ length: 60 }, (_, i) => at.login(zoe, `guess ${i}`)))
    expect(at.verified.length).toBe(5)
  })

  it('never keeps out somebody who mistypes three times and then does not, five times over', async () => {
    const at = await loginBench(origin, memoryThrottle())
    for (let round = 0; round < 5; round++) {
      for (const password of ['a', 'b', 'c', right])
        expect((await at.login(zoe, password)).status).not.toBe(429)
    }
    expect(at.verified.length).toBe(20)
  })
})

describe('an answer to who must wait', () => {
  it('is 429 with Retry-After in whole seconds, and tells nothing more', async () => {
    const at = await start()
    await times(6, () => at.login(zoe, 'x'))
    at.elapse(100)
    const response = await at.login(zoe, 'x')
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '1'])
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect([...response.headers.keys()].filter((name) => name.startsWith('ratelimit'))).toEqual([])
    expect(await response.json()).toMatchObject({ status: 429, title: 'Too Many Requests' })
  })

  it('is the same for an account that exists and one that does not', async () => {
    const at = await start()
    const shape = async (account: string): Promise<unknown[]> =>
      times(7, async () => {
        const response = await at.login(account, 'x', { address: '203.0.113.9' })
        const kept = [...response.headers].filter(([name]) => name !== 'x-request-id')
        return [response.status, kept, (await response.text()).replace(/"requestId":"[^"]+"/, '')]
      })
    expect(await shape('nobody@example.com')).toEqual(await shape(zoe))
  })

  it('doubles from a second to a quarter of an hour', async () => {
    const at = await start()
    await times(5, () => at.login(zoe, 'x'))
    const waits: string[] = []
    for (let i = 0; i < 13; i++) {
      const wait = (await at.login(zoe, 'x')).headers.get('retry-after') ?? ''
      waits.push(wait)
      at.elapse(Number(wait) * 1000)
      expect((await at.login(zoe, 'x')).status).toBe(401)
    }
    expect(waits.join()).toBe('1,2,4,8,16,32,64,128,256,512,900,900,900')
  })
})

describe('what an attacker sends', () => {
  it.each([
    [
      'two accounts',
      'express',
      { body: 'email=decoy@example.com&email=zoe@example.com&password=x' },
      400,
    ],
    ['a list', 'express', { body: 'email[]=zoe@example.com&password=x' }, 400],
    ['an account in the query', 'express', { path: '/login?email=decoy@example.com' }, 400],
    [
      'JSON to a form',
      'express',
      { type: 'application/json', body: '{"email":"zoe@example.com"}' },
      415,
    ],
    [
      'a form to JSON',
      'a JSON API',
      { type: 'application/x-www-form-urlencoded', body: 'email=zoe' },
      415,
    ],
    [
      'a member twice',
      'a JSON API',
      { body: '{"email":"decoy@example.com","email":"zoe@example.com"}' },
      400,
    ],
    ['a member in another case', 'a JSON API', { body: '{"Email":"zoe@example.com"}' }, 400],
    [
      '17 KB',
      'a JSON API',
      { body: JSON.stringify({ email: zoe, password: 'x'.repeat(17_000) }) },
      413,
    ],
  ] as const)('%s: refused, and charged to the address', async (_, name, sent, status) => {
    const at = await start(name, { throttle: { perAddress: 3 } })
    const { path, body, type }: { path?: string; body?: string; type?: string } = sent
    const init = { ...(body && { body }), ...(type && { headers: { 'content-type': type } }) }
    const answers = await times(4, () => at.login(zoe, 'x', { ...(path && { path }), init }))
    expect(answers.map((response) => response.status)).toEqual([status, status, status, 429])
    expect(at.verified).toEqual([])
    expect(at.events).toContainEqual(
      expect.objectContaining({ type: 'login-throttled', reason: 'address' }),
    )
  })

  // Fifty guesses in one request, and none of them is seen.
  it('fifty aliases of a GraphQL login: 400; a GraphQL request that is no login passes uncounted', async () => {
    const at = await start('keystone', { throttle: { perAddress: 3 } })
    const guess =
      'authenticateUserWithPassword(email: "zoe@example.com", password: "x") { __typename }'
    const query = `mutation { ${Array.from({ length: 50 }, (_, i) => `a${i}: ${guess}`).join(' ')} }`
    const send = (sent: string): Promise<Response> =>
      at.login(zoe, 'x', { init: { body: JSON.stringify({ query: sent, variables: {} }) } })
    expect((await send(query)).status).toBe(400)
    expect(at.verified).toEqual([])
    for (let i = 0; i < 10; i++) expect((await send('{ me { id } }')).status).toBe(200)
    expect(at.last().headers.get('content-type')).toBe('application/json')
    expect(at.events.filter(({ type }) => type === 'login-throttled')).toEqual([])
  })

  it('spells of one account, and of one path, are one', async () => {
    const at = await start()
    const spellings = [
      zoe,
      'ZOE@example.com',
      ' zoe@example.com',
      'zoé@example.com',
      'z\u200boe@example.com',
      zoe,
    ]
    const paths = ['/login', '/LOGIN', '/login/', '/Login/', '/login', '/login']
    for (const [i, email] of spellings.entries())
      await at.login(email, 'x', { path: paths[i] ?? '' })
    expect(at.verified.length).toBe(5)
  })

  it('T11: arrives as it was read, byte for byte', async () => {
    const at = await start('express')
    await at.login('', '', { init: { body: 'email=Zo%65%40example.com%3bx&password=%61' } })
    const { init, headers } = at.last()
    expect(init.body).toBe('email=Zo%65%40example.com%3bx&password=%61')
    expect(headers.get('content-type')).toBe('application/x-www-form-urlencoded')
    expect(headers.has('content-length')).toBe(false)
  })
})

describe('many accounts and many addresses', () => {
  it('100 failures over 100 accounts from one /64: the day is over for it, not for its neighbour', async () => {
    const at = await start()
    for (let i = 0; i < 100; i++) {
      const address = `2001:db8:1:2::${(i + 1).toString(16)}`
      expect((await at.login(`user-${i}@example.com`, 'x', { address })).status).toBe(401)
    }
    const refused = await at.login('user-100@example.com', 'x', { address: '2001:db8:1:2:ffff::1' })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '86400'])
    expect(
      (await at.login('user-100@example.com', 'x', { address: '2001:db8:1:3::1' })).status,
    ).toBe(401)
    at.elapse(86_400_000)
    expect(
      (await at.login('user-100@example.com', 'x', { address: '2001:db8:1:2::1' })).status,
    ).toBe(401)
  })

  it('1,000 failures from one /48, each from another /64: the day is over for all of it', async () => {
    const at = await start()
    for (let i = 0; i < 1000; i++) {
      await at.login(`user-${i}@example.com`, 'x', { address: `2001:db8:1:${i.toString(16)}::1` })
    }
    expect(at.verified.length).toBe(1000)
    const address = '2001:db8:1:ffff::1'
    expect((await at.login(zoe, 'x', { address })).headers.get('retry-after')).toBe('86400')
    expect((await at.login(zoe, 'x', { address: '2001:db8:2::1' })).status).toBe(401)
  })

  it('1,000 addresses on one account slow it, never lock it, and never its owner’s device', async () => {
    const at = await start()
    const own = deviceOf(await at.login(zoe, right, { address: '198.51.100.1' }))
    expect(own).toMatch(/^__Host-device=/)
    let longest = 0
    for (let i = 0; i < 1000; i++) {
      const response = await at.login(zoe, 'x', { address: `10.0.${i >> 8}.${i & 255}` })
      longest = Math.max(longest, Number(response.headers.get('retry-after') ?? 0))
    }
    expect(longest).toBe(1)
    expect(at.verified.length).toBe(101)
    // Even at the attacker's own address.
    const owner = await at.login(zoe, right, { address: '10.0.0.1', cookie: own ?? '' })
    expect(owner.status).toBe(200)
    // The next ones wait longer, and at most a minute: a new device of the owner's gets through.
    for (let i = 0; i < 10; i++) {
      const response = await at.login(zoe, 'x', { address: `10.1.0.${i}` })
      longest = Math.max(longest, Number(response.headers.get('retry-after') ?? 0))
      at.elapse(60_000)
      await at.login(zoe, 'x', { address: `10.2.0.${i}` })
    }
    expect(longest).toBe(60)
    at.elapse(60_000)
    expect((await at.login(zoe, right, { address: '198.51.100.2' })).status).toBe(200)
  })

  it('from ten failures the origin is told how many there were, and nobody who attacks', async () => {
    const at = await start()
    for (let i = 0; i < 12; i++) await at.login(zoe, 'x', { address: `10.0.0.${i}` })
    const told = at.seen.map(({ headers }) => headers.get('portcullis-login-pressure'))
    expect(told).toEqual([...Array.from({ length: 10 }, () => null), '10', '11'])
    expect(at.events.filter(({ type }) => type === 'account-pressure')).toEqual([
      {
        type: 'account-pressure',
        reason: '10-failures',
        request: expect.any(String),
        subject: '/login',
      },
    ])
    const lied = {
      ...named('a JSON API').request(zoe, 'x').headers,
      'portcullis-login-pressure': '0',
    }
    await at.login('other@example.com', 'x', { init: { headers: lied } })
    expect(at.last().headers.has('portcullis-login-pressure')).toBe(false)
  })
})

describe('a known device', () => {
  it('has a count of its own, of twice the limit', async () => {
    const at = await start()
    const cookie = deviceOf(await at.login(zoe, right)) ?? ''
    const answers = await times(12, () => at.login(zoe, 'x', { cookie }))
    expect(answers.filter(({ status }) => status === 401).length).toBe(10)
    expect((await at.login(zoe, 'x')).status).toBe(401)
  })

  it('is known for its own account only', async () => {
    const at = await start()
    const cookie = deviceOf(await at.login('mallory@example.com', right)) ?? ''
    await times(10, () => at.login(zoe, 'x', { cookie }))
    expect(at.verified.filter((account) => account === zoe).length).toBe(5)
  })

  it('is known for every account that signed in on it', async () => {
    const at = await start()
    const first = deviceOf(await at.login('ann@example.com', right)) ?? ''
    const cookie = deviceOf(await at.login(zoe, right, { cookie: first })) ?? ''
    for (const account of [zoe, 'ann@example.com']) {
      await times(6, () => at.login(account, 'x'))
      expect((await at.login(account, right, { cookie })).status).toBe(200)
    }
  })

  it.each([
    ['changed', (cookie: string): string => `${cookie.slice(0, -2)}xx`],
    ['of another purpose', (): string => '__Host-device=eyJhbGciOiJkaXIifQ..a.b.c'],
    ['of 10 kB', (): string => `__Host-device=${'a'.repeat(10_000)}`],
  ])('whose cookie is %s is unknown', async (_, change) => {
    const at = await start()
    const cookie = deviceOf(await at.login(zoe, right)) ?? ''
    await times(6, () => at.login(zoe, 'x'))
    expect((await at.login(zoe, right, { cookie: change(cookie) })).status).toBe(429)
  })

  it('is forgotten after its time', async () => {
    const at = await start('a JSON API', { throttle: { device: { maxAge: 86_400 } } })
    const cookie = deviceOf(await at.login(zoe, right)) ?? ''
    at.elapse(86_400_000)
    await times(6, () => at.login(zoe, 'x'))
    expect((await at.login(zoe, right, { cookie })).status).toBe(429)
  })

  it('is told to no upstream, and set by none', async () => {
    const at = await start()
    const response = await at.login(zoe, right)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.getSetCookie().join()).toMatch(
      /^__Host-device=[\w.-]+; Max-Age=7776000; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    )
    await at.login(zoe, right, { cookie: deviceOf(response) ?? '' })
    expect(at.last().headers.has('cookie')).toBe(false)
    at.answer = () =>
      new Response('', {
        status: 401,
        headers: { 'set-cookie': '__Host-device=x; Path=/; Secure' },
      })
    expect(deviceOf(await at.login(zoe, 'x'))).toBe(undefined)
  })
})

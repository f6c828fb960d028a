/**
 * Every answer of the refresh endpoint. Chromium ends its session for good on 400, 401, 404, 409,
 * 429, on `continue: false` and on what is no JSON; it keeps it on 5xx and on a 403 with a
 * challenge. test/browsers/ shows that of a real one.
 */
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../../src/store/index.ts'
import { type Data, minutes, otherSecret, secret } from '../support.ts'
import {
  type BoundBrowser,
  type BoundSite,
  bound,
  Device,
  readChallenge,
  siteOver,
} from './support.ts'

const device = new Device()

async function bind(site: BoundSite): Promise<BoundBrowser> {
  const browser = site.browser(device)
  await browser.bind()
  browser.cookies.delete(bound)
  site.heard()
  return browser
}

/** What an answer does to the session of a browser that still holds it. */
async function describeAnswer(response: Response): Promise<string> {
  const { status, headers } = response
  if (status === 503) return `keeps, after ${headers.get('retry-after')} s`
  if (status === 403 && headers.has('secure-session-challenge')) return 'keeps, asks'
  if (status !== 200) return `ends with ${status}`
  const body = (await response.json()) as { continue?: boolean }
  if (body.continue === false) return 'ends'
  return headers.getSetCookie().length > 0 ? 'keeps, proved' : 'keeps'
}

describe('the refresh endpoint', () => {
  it('keeps a session of which the store cannot be asked', async () => {
    const state = { down: false }
    const site = siteOver()
    const memory = memoryStore({ clock: () => site.clock.now })
    const fails = <T>(work: () => Promise<T>): Promise<T> =>
      state.down ? Promise.reject(new Error('connection refused')) : work()
    const broken = siteOver(
      {},
      {
        clock: () => site.clock.now,
        store: {
          ...memory,
          read: (...args) => fails(() => memory.read(...args)),
          replace: (...args) => fails(() => memory.replace(...args)),
        },
      },
    )
    const browser = await bind(broken)
    state.down = true
    const asked = await browser.refresh()
    expect(await describeAnswer(asked)).toBe('keeps, asks')
    expect(broken.heard()).toEqual([])

    const token = await device.prove(readChallenge(asked))
    expect(await describeAnswer(await browser.refresh(token))).toBe('keeps, after 5 s')
    expect(broken.heard()).toEqual(['session-refresh-failed: ERR_STORE_UNAVAILABLE'])

    // Chromium sends the proof that it has, so that an outage costs one signature of its quota. A
    // browser that does not, or another one, is not asked for a signature before the store answers.
    site.clock.now += 5 * minutes
    expect(await describeAnswer(await browser.refresh(token))).toBe('keeps, after 5 s')
    for (let i = 0; i < 5; i++)
      expect(await describeAnswer(await browser.refresh())).toBe('keeps, after 5 s')
    state.down = false
    expect(await describeAnswer(await browser.refresh(token))).toBe('keeps, asks')
    expect(await describeAnswer(await browser.prove())).toBe('keeps, proved')
  })

  it.each(['read', 'replace'] as const)('keeps a session whose %s fails', async (verb) => {
    const state = { down: false }
    const memory = memoryStore()
    const site = siteOver(
      {},
      {
        clock: Date.now,
        store: {
          ...memory,
          [verb]: (...args: never[]) =>
            state.down
              ? Promise.reject(new Error('down'))
              : (memory[verb] as (...args: never[]) => Promise<unknown>)(...args),
        } as never,
      },
    )
    const browser = await bind(site)
    const token = await device.prove(readChallenge(await browser.refresh()))
    state.down = true
    expect(await describeAnswer(await browser.refresh(token))).toBe('keeps, after 5 s')
    state.down = false
    expect(await describeAnswer(await browser.prove())).toBe('keeps, proved')
  })

  it('keeps a session that another write always comes before', async () => {
    const memory = memoryStore()
    const state = { busy: false }
    const site = siteOver(
      {},
      {
        clock: Date.now,
        store: {
          ...memory,
          replace: async (row, version, context) => {
            if (!state.busy) return memory.replace(row, version, context)
            const found = await memory.read(
              row,
              { now: row.now, idle: row.idle, slice: 1 },
              context,
            )
            return { ...found, is: 'conflict' } as never
          },
        },
      },
    )
    const browser = await bind(site)
    const token = await device.prove(readChallenge(await browser.refresh()))
    state.busy = true
    expect(await describeAnswer(await browser.refresh(token))).toBe('keeps, after 5 s')
    expect(site.heard()).toEqual(['session-refresh-failed: ERR_SESSION_CONFLICT'])
  }, 20_000)

  it('keeps a session whose secret this deployment does not have yet', async () => {
    const state: { secret: string | string[] } = { secret }
    const site = siteOver({}, { secret: () => state.secret })
    const browser = await bind(site)
    state.secret = otherSecret
    expect(await describeAnswer(await browser.refresh())).toBe('keeps, after 5 s')
    state.secret = secret
    expect(await describeAnswer(await browser.prove())).toBe('keeps, proved')
  })

  it('goes on through a rotation of secrets', async () => {
    const state: { secret: string | string[] } = { secret }
    const site = siteOver({}, { secret: () => state.secret })
    const browser = site.browser(device)
    await browser.bind()
    const challenge = readChallenge(await browser.refresh())
    state.secret = [otherSecret, secret]
    expect((await browser.fetch('/private')).status).toBe(200)
    expect(await describeAnswer(await browser.refresh(await device.prove(challenge)))).toBe(
      'keeps, proved',
    )
    expect((await browser.fetch('/private')).status).toBe(200)
  })

  it('keeps a session that another deployment writes at the moment of its proof', async () => {
    const state = { strict: false }
    const validate = (value: unknown) =>
      state.strict ? { issues: [{ message: 'no' }] } : { value: value as Data }
    const schema = { '~standard': { version: 1, vendor: 'test', validate } } as const
    const memory = memoryStore()
    const site = siteOver(
      {},
      {
        schema: schema as never,
        clock: Date.now,
        store: {
          ...memory,
          replace: async (row, version, context) => {
            if (!state.strict) return memory.replace(row, version, context)
            const span = { now: row.now, idle: row.idle, slice: 1 }
            return { ...(await memory.read(row, span, context)), is: 'conflict' } as never
          },
          read: async (...args) => {
            const found = await memory.read(...args)
            state.strict = state.strict || proving
            return found
          },
        },
      },
    )
    let proving = false
    const browser = await bind(site)
    const token = await device.prove(readChallenge(await browser.refresh()))
    proving = true
    const answer = await browser.refresh(token)
    expect(await describeAnswer(answer)).toBe('keeps, after 5 s')
    ;[proving, state.strict] = [false, false]
    expect(await describeAnswer(await browser.prove())).toBe('keeps, proved')
  })

  it('keeps a session whose cookies are larger than a request may be', async () => {
    const site = siteOver()
    const browser = await bind(site)
    browser.cookies.set('analytics', 'x'.repeat(60_000))
    expect(await describeAnswer(await browser.prove())).toBe('keeps, proved')
  })

  it('keeps a session whose data another deployment wrote', async () => {
    const state = { strict: false }
    const validate = (value: unknown) =>
      state.strict ? { issues: [{ message: 'no' }] } : { value: value as Data }
    const schema = { '~standard': { version: 1, vendor: 'test', validate } } as const
    const site = siteOver({}, { schema: schema as never })
    const browser = await bind(site)
    state.strict = true
    expect(await describeAnswer(await browser.prove())).toBe('keeps, after 5 s')
  })

  it('keeps a session from ahead of this machine’s clock', async () => {
    const site = siteOver()
    const browser = await bind(site)
    site.clock.now -= 10 * minutes
    expect(await describeAnswer(await browser.prove())).toBe('keeps, after 5 s')
  })

  it('keeps a session whose last proof is ahead of this machine’s clock by half a minute', async () => {
    const site = siteOver()
    const browser = await bind(site)
    site.clock.now -= minutes / 2
    // The first challenge is older than the last proof, which is known with the second request.
    const again = await browser.prove()
    expect(await describeAnswer(again)).toBe('keeps, asks')
    const token = await device.prove(readChallenge(again))
    expect(await describeAnswer(await browser.refresh(token))).toBe('keeps, proved')
    expect((await browser.fetch('/private')).status).toBe(200)
  })

  it('keeps a session beside whose cookie somebody planted another', async () => {
    const site = siteOver()
    const browser = await bind(site)
    const response = await site.app.request('https://app.example.test/.portcullis/dbsc/refresh', {
      method: 'POST',
      headers: {
        cookie: `__Host-session=${browser.cookies.get('__Host-session')}; __Host-session=x`,
        'sec-secure-session-id': browser.instructions?.session_identifier ?? '',
      },
    })
    expect(await describeAnswer(response)).toBe('keeps, after 5 s')
  })

  it('asks again for a proof that is spent, stale or of nothing known', async () => {
    const site = siteOver()
    const browser = await bind(site)
    const token = await device.prove(readChallenge(await browser.refresh()))
    await browser.refresh(token)
    const old = await device.prove(readChallenge(await browser.refresh()))
    site.clock.now += minutes + 2000
    const answers = [token, old, await device.prove('x'), await device.prove('')]
    for (const answer of answers)
      expect(await describeAnswer(await browser.refresh(answer))).toBe('keeps, asks')
  })

  // A signed-in attacker calls an address that stands before every rate limit.
  it('keeps a session that asks more than sixty times a minute, and answers without the store', async () => {
    const memory = memoryStore()
    let reads = 0
    const site = siteOver(
      {},
      {
        clock: Date.now,
        store: {
          ...memory,
          read: (...args) => {
            reads++
            return memory.read(...args)
          },
        },
      },
    )
    const [browser, other] = [await bind(site), await bind(site)]
    const answers = new Set<string>()
    const token = await device.prove('x')
    for (let i = 0; i < 100; i++) answers.add(await describeAnswer(await browser.refresh(token)))
    expect([...answers]).toEqual(['keeps, asks', 'keeps, after 5 s'])
    expect(site.heard().at(-1)).toBe('session-refresh-failed: too-many')
    const before = reads
    await browser.refresh(token)
    expect(reads).toBe(before)
    expect(await describeAnswer(await other.prove())).toBe('keeps, proved')
  })

  it('ends the session of a browser that signed out, and of one whose user did elsewhere', async () => {
    const site = siteOver()
    const browser = await bind(site)
    const copy = browser.copy(site.app, device)
    await browser.fetch('/logout', { method: 'POST' })
    expect(await describeAnswer(await browser.refresh())).toBe('ends')
    expect(await describeAnswer(await copy.prove())).toBe('ends')
    expect(await describeAnswer(await copy.refresh(await device.prove('x')))).toBe('ends')
  })

  it('ends the session of a browser without its cookie, unless other hosts may start a refresh', async () => {
    for (const [initiators, answer] of [
      [[], 'ends'],
      [['shop.example.test'], 'keeps, after 5 s'],
    ] as const) {
      const site = siteOver({ initiators })
      const browser = await bind(site)
      browser.cookies.clear()
      expect(await describeAnswer(await browser.refresh())).toBe(answer)
    }
  })

  it('ends the session that expired, idle or for good', async () => {
    for (const age of [61 * minutes, 9 * 60 * minutes]) {
      const site = siteOver()
      const browser = await bind(site)
      site.clock.now += age
      expect(await describeAnswer(await browser.prove())).toBe('ends')
    }
  })

  it('ends the session of a browser whose proof is no proof', async () => {
    const site = siteOver()
    const browser = await bind(site)
    const challenge = readChallenge(await browser.refresh())
    const good = await device.prove(challenge)
    const [head, , signature] = good.split('.')
    const rows: Array<[string, string]> = [
      ['malformed', 'x'],
      ['malformed', `${good}.x`],
      ['malformed', await device.sign({ alg: 'ES256', typ: 'dbsc+jwt' }, {})],
      ['type', await device.sign({ alg: 'ES256', typ: 'JWT' }, { jti: challenge })],
      [
        'type',
        await device.sign({ alg: 'ES256', typ: 'dbsc+jwt', crit: ['b64'] }, { jti: challenge }),
      ],
      ['algorithm', await device.sign({ alg: 'none', typ: 'dbsc+jwt' }, { jti: challenge })],
      ['algorithm', await device.sign({ alg: 'HS256', typ: 'dbsc+jwt' }, { jti: challenge })],
      ['algorithm', await new Device('RS256').prove(challenge)],
      ['signature', `${good.slice(0, -4)}AAAA`],
      ['signature', await new Device().prove(challenge)],
    ]
    expect([head, signature].every(Boolean)).toBe(true)
    for (const [reason, token] of rows) {
      expect([reason, await describeAnswer(await browser.refresh(token))]).toEqual([
        reason,
        'ends with 401',
      ])
      expect(site.heard()).toEqual([`session-refresh-refused: ${reason}`])
    }
    expect(await describeAnswer(await browser.refresh(good))).toBe('keeps, proved')
  })
})

describe('the registration endpoint', () => {
  it('takes no key that is none, and binds nothing', async () => {
    const site = siteOver()
    const browser = site.browser(device)
    const challenge = await browser.login()
    const jwk = await device.jwk()
    const offer = (header: object): Promise<string> =>
      device.sign({ alg: 'ES256', typ: 'dbsc+jwt', ...header }, { jti: challenge })
    const rows: Array<[string, string]> = [
      ['key', await offer({})],
      ['key', await offer({ jwk: 'x' })],
      ['key', await offer({ jwk: { ...jwk, kty: 'RSA' } })],
      ['key', await offer({ jwk: { ...jwk, crv: 'P-384' } })],
      ['key', await offer({ jwk: { ...jwk, y: undefined } })],
      ['key', await offer({ jwk: { ...jwk, x: `${jwk.x}A` } })],
      // Not on the curve.
      ['key', await offer({ jwk: { ...jwk, x: jwk.y } })],
      ['algorithm', await offer({ jwk, alg: 'ES384' })],
      ['key', await offer({ alg: 'RS256', jwk: { kty: 'RSA', n: 'AQAB', e: 'AQAB' } })],
      ['signature', await offer({ jwk: await new Device().jwk() })],
      ['malformed', 'x'.repeat(9000)],
    ]
    for (const [reason, token] of rows) {
      const response = await browser.register(token)
      expect([reason, response.status]).toEqual([reason, 401])
      expect(site.heard()).toEqual([`session-bind-refused: ${reason}`])
    }
    expect((await browser.register(await device.offer(challenge))).status).toBe(200)
  })

  it('answers 401 without a session, and 503 where there may be one', async () => {
    const state: { secret: string } = { secret }
    const site = siteOver({}, { secret: () => state.secret })
    const browser = site.browser(device)
    expect((await browser.register('x')).status).toBe(401)
    const challenge = await browser.login()
    state.secret = otherSecret
    expect((await browser.register(await device.offer(challenge))).status).toBe(503)
  })
})

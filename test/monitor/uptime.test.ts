import { describe, expect, it } from 'vitest'
import {
  type UptimeOptions,
  type UptimeState,
  uptime,
  type Watched,
} from '../../src/monitor/index.ts'
import { readMemory } from '../../src/monitor/uptime-record.ts'
import type { SecurityEvent } from '../../src/types.ts'

const webhook = 'https://hooks.example.com/T0KEN-in-the-path'
const start = Date.UTC(2026, 10, 20, 12)
const minute = 60_000

interface Posted {
  readonly url: string
  readonly init: RequestInit
  readonly body: {
    text: string
    service: string
    time: string
    changes: Array<Record<string, string>>
  }
}

/** Something that is well or not, looked at once a minute, and a receiver that answers as it is told. */
function scene(options: UptimeOptions<never> = {}) {
  const posted: Posted[] = []
  const events: SecurityEvent[] = []
  const reports: unknown[] = []
  let [now, looks] = [start, 0]
  const made = {
    posted,
    events,
    reports,
    answer: (): Response | Promise<Response> => new Response(null, { status: 204 }),
    uptime: uptime<never>({ webhook, ...options }),
    /** One run: undefined where all is well, else why not. */
    async look(...reasons: Array<string | undefined | Error | 'hang'>): Promise<void> {
      const watched = reasons.map(
        (reason, index): Watched => ({
          kind: index === 0 ? 'upstream' : 'store',
          name: index === 0 ? 'app' : 'store',
          look: () => {
            looks++
            if (reason === 'hang') return new Promise(() => {})
            return reason instanceof Error ? Promise.reject(reason) : Promise.resolve(reason)
          },
        }),
      )
      await made.uptime.run(watched, {
        env: {},
        service: 'https://app.example.com',
        emit: (event) => events.push(event),
        report: (error) => reports.push(error),
        clock: () => now,
        fetch: (async (url: string, init: RequestInit) => {
          posted.push({ url, init, body: JSON.parse(String(init.body)) })
          return made.answer()
        }) as typeof fetch,
      })
      now += minute
    },
    told: (): string[] =>
      posted.map(({ body }) => body.changes.map(({ name, state }) => `${name} ${state}`).join()),
    get looks(): number {
      return looks
    },
  }
  return made
}

/** A store in memory that several isolates share. */
function shared(): UptimeState & { text: string | undefined } {
  return {
    text: undefined,
    async read() {
      return this.text
    },
    async write(_env, text) {
      this.text = text
    },
  }
}

describe('who watches is told', () => {
  it('of a second failure in a row and of the first success after it, once each', async () => {
    const at = scene()
    for (const reason of [
      undefined,
      'http-503',
      undefined,
      'http-503',
      'timeout',
      'http-503',
      undefined,
      undefined,
    ]) {
      await at.look(reason)
    }
    expect(at.told()).toEqual(['app down', 'app up'])
    expect(at.posted[0]?.body).toEqual({
      event: 'uptime',
      text: 'https://app.example.com: app is down (timeout)',
      service: 'https://app.example.com',
      time: '2026-11-20T12:04:00.000Z',
      changes: [
        {
          kind: 'upstream',
          name: 'app',
          state: 'down',
          reason: 'timeout',
          since: '2026-11-20T12:03:00.000Z',
        },
      ],
    })
    expect(at.posted[1]?.body.changes).toEqual([
      { kind: 'upstream', name: 'app', state: 'up', since: '2026-11-20T12:06:00.000Z' },
    ])
    expect(at.events).toEqual([
      { type: 'upstream-down', subject: 'app', reason: 'timeout' },
      { type: 'upstream-up', subject: 'app' },
    ])
  })

  it.each([
    [1, 1],
    [3, 3],
  ])('after %d failures where the configuration says so', async (failures, looks) => {
    const at = scene({ failures })
    for (let i = 0; i < looks - 1; i++) await at.look('http-500')
    expect(at.told()).toEqual([])
    await at.look('http-500')
    expect(at.told()).toEqual(['app down'])
  })

  it('of upstream and store in one post', async () => {
    const at = scene({ failures: 1 })
    await at.look('http-500', new Error('secret address'))
    expect(at.told()).toEqual(['app down,store down'])
    expect(at.posted[0]?.body.text).toBe(
      'https://app.example.com: app is down (http-500), store is down (unreachable)',
    )
  })

  it('of what does not answer in time, and nothing waits for it', async () => {
    const at = scene({ failures: 1, timeoutMs: 20 })
    await at.look('hang')
    expect(at.posted[0]?.body.changes[0]).toMatchObject({ state: 'down', reason: 'timeout' })
  })

  it('again at the next look, until the receiver has taken it', async () => {
    const at = scene({ failures: 1 })
    at.answer = () => new Response(null, { status: 500 })
    await at.look('http-500')
    at.answer = () => {
      throw new TypeError('no network')
    }
    await at.look('http-500')
    at.answer = () => new Response(null, { status: 204 })
    await at.look('http-500')
    await at.look('http-500')
    expect(at.told()).toEqual(['app down', 'app down', 'app down'])
    expect(at.events.filter(({ type }) => type === 'webhook-failed')).toEqual([
      { type: 'webhook-failed', reason: 'http-500' },
      { type: 'webhook-failed', reason: 'unreachable' },
    ])
    expect(JSON.stringify(at.events)).not.toMatch(/T0KEN|hooks|network/)
  })

  it('nowhere else: a redirect is not followed', async () => {
    const at = scene({ failures: 1 })
    at.answer = () =>
      new Response(null, { status: 307, headers: { location: 'https://elsewhere.example' } })
    await at.look('http-500')
    expect(at.posted.map(({ url, init }) => [url, init.redirect])).toEqual([[webhook, 'manual']])
    expect(at.events.at(-1)).toEqual({ type: 'webhook-failed', reason: 'http-307' })
  })
})

describe('the signature', () => {
  it('is an HMAC of time and body that the receiver can check', async () => {
    const key = 'a key of thirty-two characters!!'
    const at = scene({ failures: 1, key })
    await at.look('http-500')
    const { init } = at.posted[0] as Posted
    const said = new Headers(init.headers).get('portcullis-signature') ?? ''
    const [, time, mac = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(said) ?? []
    expect(Number(time)).toBe(start / 1000)
    const utf8 = new TextEncoder()
    const imported = await crypto.subtle.importKey(
      'raw',
      utf8.encode(key),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['verify'],
    )
    const bytes = Uint8Array.from(mac.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
    expect(
      await crypto.subtle.verify('HMAC', imported, bytes, utf8.encode(`${time}.${init.body}`)),
    ).toBe(true)
  })

  it('is absent without a key', async () => {
    const at = scene({ failures: 1 })
    await at.look('http-500')
    expect(new Headers(at.posted[0]?.init.headers).get('portcullis-signature')).toBe(null)
  })
})

describe('a state that several isolates share', () => {
  it('tells once, whichever of them looks', async () => {
    const state = shared()
    const isolates = Array.from({ length: 5 }, () => scene({ state }))
    for (const reason of ['x', 'x', 'x', undefined, undefined])
      for (const at of isolates) await at.look(reason)
    expect(isolates.flatMap((at) => at.told()).sort()).toEqual(['app down', 'app up'])
  })

  it('is not needed: without one an isolate counts for itself, and a new one tells again', async () => {
    const isolates = [scene(), scene()]
    for (const at of isolates) for (const reason of ['x', 'x', 'x']) await at.look(reason)
    expect(isolates.map((at) => at.told())).toEqual([['app down'], ['app down']])
  })

  it.each<[what: string, state: UptimeState]>([
    [
      'rejects',
      {
        read: () => Promise.reject(new Error('down')),
        write: () => Promise.reject(new Error('down')),
      },
    ],
    ['hangs', { read: () => new Promise(() => {}), write: () => new Promise(() => {}) }],
    [
      'holds nonsense',
      { read: async () => '{"upstream:app":{"down":"yes"},"x":7', write: async () => {} },
    ],
  ])('that %s stops nobody from being told', async (_, state) => {
    const at = scene({ state, failures: 1, timeoutMs: 20 })
    await at.look('http-500')
    expect(at.told()).toEqual(['app down'])
  })

  it.each([
    '',
    'null',
    '7',
    '[]',
    '{"a":null,"b":{"down":true},"c":{"down":true,"failures":1.5,"since":1}}',
  ])('reads %s as nothing remembered', (text) => {
    expect([...readMemory(text)]).toEqual([])
  })
})

describe('options', () => {
  it.each<[options: object, fault: string]>([
    [{ webhook: 'http://hooks.example.com' }, 'uptime.webhook must be an https URL'],
    [{ webhook: 'https://user:pass@hooks.example.com' }, 'uptime.webhook must be an https URL'],
    [{ key: 'short' }, 'uptime.key must be 32 to 1,024 characters'],
    [{ failures: 0 }, 'uptime.failures must be a whole number of failures from 1 to 100'],
    [{ state: {} }, 'uptime.state must be an object with the functions read and write'],
    [{ webhok: 'x' }, 'uptime.webhok is not an option; did you mean webhook?'],
  ])('%o: %s', (options, fault) => {
    expect(() => uptime(options)).toThrow(fault)
  })

  it('may find no webhook in an environment: changes are events then', async () => {
    const at = scene({ webhook: () => undefined, key: () => undefined, failures: 1 })
    await at.look('http-500')
    expect([at.posted, at.reports, at.events.map(({ type }) => type)]).toEqual([
      [],
      [],
      ['upstream-down'],
    ])
  })

  it('found wrong in the environment are reported, and the look is made all the same', async () => {
    const at = scene({ webhook: () => 'http://T0KEN.example.com', failures: 1 })
    await at.look('http-500')
    expect(at.reports.map(String)).toEqual([
      'ConfigError: uptime.webhook must be an https URL without user name and password',
    ])
    expect(at.events.map(({ type }) => type)).toEqual(['upstream-down', 'webhook-failed'])
    expect(at.looks).toBe(1)
  })
})

describe('a memory that somebody else wrote', () => {
  // redis-cli SET portcullis:uptime '{"upstream:app":{"down":false,"failures":1,"since":9000000000000000}}': no date is as late.
  it.each([9_000_000_000_000_000, -9_000_000_000_000_000, 1.5])(
    'does not end the watch: since %s',
    async (since) => {
      const written: string[] = []
      const state: UptimeState = {
        read: async () => JSON.stringify({ 'upstream:app': { down: false, failures: 1, since } }),
        write: async (_env, text) => void written.push(text),
      }
      const at = scene({ state, failures: 1 })
      await at.look('http-500')
      expect(at.told()).toEqual(['app down'])
      expect(written).toHaveLength(1)
    },
  )

  // {"failures":-1000000000}: the upstream would be down for ages before anybody hears of it.
  it('cannot have fewer failures than none', () => {
    expect(readMemory('{"upstream:app":{"down":false,"failures":-9,"since":1}}').size).toBe(0)
  })
})

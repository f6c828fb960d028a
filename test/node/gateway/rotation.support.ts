/** A deployment under load: Workers that come and go one version after the other, an origin that verifies, users who stay. */
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose'
import { type Origin, startOrigin } from '../../support/origin.ts'
import { startWorkerd, type Workerd } from '../../support/workerd.ts'

const publicOrigin = 'http://gateway.test'
/** Milliseconds: how long a session lasts whatever happens, and what clocks may differ by. */
const absolute = 8 * 3_600_000
const skew = 60_000

/** What is deployed. */
export interface Secrets {
  readonly session: readonly string[]
  readonly assertion: readonly string[]
}

interface Deployed {
  readonly worker: Workerd
  inFlight: number
}

interface User {
  readonly name: string
  cookie: string
  /** By the clock of the scene. */
  startedAt: number
  /** Requests since the scene began. */
  rounds: number
}

export interface Scene {
  readonly counts: {
    requests: number
    failed: number
    loggedOut: number
    ended: number
    deploys: number
  }
  /** Answers that should not have been, for the message of a failure. */
  readonly complaints: string[]
  /** Key ids that signed an assertion which was verified. */
  readonly signers: Set<string>
  /** Starts a version beside the running one, gives both load, and lets the old one end what it has begun. */
  deploy(secrets: Secrets): Promise<void>
  /** Resolves when every user has been served so many times more. */
  load(rounds: number): Promise<void>
  /** Moves every clock while nobody asks. */
  later(ms: number): Promise<void>
  stop(): Promise<void>
}

/** Starts the first version and lets the users in. */
export async function startScene(
  first: Secrets,
  bindings: Record<string, string>,
  users: number,
): Promise<Scene> {
  let now = 0
  let stopped = false
  let gate: Promise<void> | undefined
  const live: Deployed[] = []
  const counts = { requests: 0, failed: 0, loggedOut: 0, ended: 0, deploys: 0 }
  const complaints: string[] = []
  const signers = new Set<string>()
  const pick = (): Deployed => live[Math.floor(Math.random() * live.length)] as Deployed

  // Asks a set that it has cached, and again only for a key it does not know: what every verifier does.
  let keySet: ReturnType<typeof createRemoteJWKSet> | undefined
  const origin: Origin = await startOrigin(async (received) => {
    const nonce = received.header('portcullis-session-nonce')
    const order = (verbs: unknown): Record<string, string> => ({
      'portcullis-session': `${nonce}.${Buffer.from(JSON.stringify(verbs)).toString('base64url')}`,
    })
    if (received.url === '/login')
      return { status: 204, headers: order({ start: { data: { user: received.text } } }) }
    try {
      keySet ??= createRemoteJWKSet(new URL('http://jwks.test/'), {
        cooldownDuration: 0,
        [customFetch]: fetchKeys,
      })
      const { payload, protectedHeader } = await jwtVerify(
        received.header('portcullis-assertion') ?? '',
        keySet,
        {
          issuer: publicOrigin,
          audience: 'app',
          algorithms: ['ES256'],
          currentDate: new Date(Date.now() + now),
        },
      )
      signers.add(`${protectedHeader.kid}`)
      return {
        headers: received.url === '/touch' ? order({ incr: { visits: 1 } }) : {},
        body: `${payload.sub}`,
      }
    } catch (error) {
      return { status: 500, body: `assertion: ${error}` }
    }
  })
  const fetchKeys = (_url: string, init: RequestInit): Promise<Response> =>
    fetch(`${pick().worker.url}/.portcullis/jwks.json`, init)

  async function start({ session, assertion }: Secrets): Promise<Deployed> {
    const worker = await startWorkerd(
      { entry: 'test/node/gateway/rotation.fixture.ts' },
      {
        bindings: {
          PUBLIC_ORIGIN: publicOrigin,
          UPSTREAM_URL: origin.url,
          SESSION_SECRET: session.join(' '),
          ASSERTION_KEY: `[${assertion.join(',')}]`,
          ...bindings,
        },
      },
    )
    await (await fetch(`${worker.url}/clock/${now}`)).arrayBuffer()
    return { worker, inFlight: 0 }
  }

  async function ask(
    user: User,
    path: string,
    body?: string,
  ): Promise<{ status: number; text: string }> {
    while (gate !== undefined) await gate
    const at = pick()
    at.inFlight++
    counts.requests++
    try {
      const response = await fetch(`${at.worker.url}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { cookie: user.cookie, origin: publicOrigin, accept: 'application/json' },
        ...(body !== undefined && { body }),
        redirect: 'manual',
      })
      for (const cookie of response.headers.getSetCookie())
        user.cookie = cookie.split(';', 1)[0] ?? ''
      return { status: response.status, text: await response.text() }
    } catch (error) {
      return { status: 0, text: String(error) }
    } finally {
      at.inFlight--
    }
  }

  async function logIn(user: User): Promise<void> {
    const { status, text } = await ask(user, '/login', user.name)
    user.startedAt = now
    if (status === 204) return
    counts.failed++
    complaints.push(`login: ${status} ${text}`)
  }

  async function visit(user: User): Promise<void> {
    const write = user.rounds % 4 === 3
    const { status, text } = await ask(user, write ? '/touch' : '/me', write ? '' : undefined)
    const old = now - user.startedAt >= absolute - skew
    if (status === 401 && old) counts.ended++
    else if (status === 401) {
      counts.loggedOut++
      complaints.push(`${user.name} was logged out`)
    } else if (status !== 200 || text !== user.name) {
      counts.failed++
      complaints.push(`${write ? '/touch' : '/me'}: ${status} ${text}`)
    }
    if (status === 401) await logIn(user)
    user.rounds++
  }

  live.push(await start(first))
  const all = Array.from(
    { length: users },
    (_, i): User => ({ name: `user-${i}`, cookie: '', startedAt: 0, rounds: 0 }),
  )
  const running = all.map(async (user) => {
    await logIn(user)
    while (!stopped) await visit(user)
  })

  async function until(reached: () => boolean): Promise<void> {
    while (!reached()) await new Promise((done) => setTimeout(done, 2))
  }

  async function load(rounds: number): Promise<void> {
    const before = all.map((user) => user.rounds)
    await until(() => all.every((user, i) => user.rounds >= (before[i] ?? 0) + rounds))
  }

  return {
    counts,
    complaints,
    signers,
    load,
    async deploy(secrets): Promise<void> {
      const old = [...live]
      live.push(await start(secrets))
      counts.deploys++
      await load(2)
      live.splice(0, old.length)
      await until(() => old.every(({ inFlight }) => inFlight === 0))
      for (const { worker } of old) await worker.stop()
      await load(2)
    },
    async later(ms): Promise<void> {
      let open = (): void => {}
      gate = new Promise((done) => {
        open = done
      })
      await until(() => live.every(({ inFlight }) => inFlight === 0))
      now += ms
      for (const { worker } of live) await (await fetch(`${worker.url}/clock/${now}`)).arrayBuffer()
      gate = undefined
      open()
    },
    async stop(): Promise<void> {
      stopped = true
      await Promise.all(running)
      for (const { worker } of live) await worker.stop()
      await origin.stop()
    },
  }
}

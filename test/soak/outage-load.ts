/** Requests at a steady rate, whatever becomes of them, and how long each took. */
import { Agent, request } from 'node:http'

/** One request, when it was over. */
export interface Outcome {
  readonly kind: RequestKind
  readonly status: number
  /** Milliseconds since the load began. */
  readonly startedAt: number
  /** Milliseconds. */
  readonly duration: number
  /** Whether the answer took the session's cookie away. */
  readonly lostCookie: boolean
}

/** A page for everybody, asked with a cookie or without; a page that needs a session. */
export type RequestKind = 'visitor' | 'signed-in' | 'guarded'

/** Ten requests of each 50 ms: 200 a second, of which three in ten have a cookie. */
const tick: readonly RequestKind[] = [
  ...Array<RequestKind>(7).fill('visitor'),
  ...Array<RequestKind>(2).fill('signed-in'),
  'guarded',
]
const tickMs = 50
const agent = new Agent({ keepAlive: true, maxSockets: 512 })

export interface Load {
  /** Milliseconds since it began. */
  now(): number
  /** Ends it, and resolves with every outcome. */
  stop(): Promise<readonly Outcome[]>
}

/** Starts requests to a gateway. `cookies` are those of people who are signed in. */
export function startLoad(url: string, cookies: readonly string[]): Load {
  const start = performance.now()
  const now = (): number => performance.now() - start
  const outcomes: Array<Promise<Outcome>> = []
  let ticks = 0

  async function ask(kind: RequestKind, cookie: string): Promise<Outcome> {
    const startedAt = now()
    const path = kind === 'guarded' ? '/account' : '/public'
    const answer = await send(url, {
      method: 'GET',
      path,
      cookie: kind === 'visitor' ? '' : cookie,
    })
    const lostCookie = answer.cookies.some((text) => text.includes('Max-Age=0'))
    return { kind, status: answer.status, startedAt, duration: now() - startedAt, lostCookie }
  }

  const timer = setInterval(() => {
    // A late timer makes up for what it missed: the rate is what was asked for.
    for (; ticks * tickMs <= now(); ticks++) {
      const cookie = cookies[ticks % cookies.length] ?? ''
      for (const kind of tick) outcomes.push(ask(kind, cookie))
    }
  }, tickMs)

  return {
    now,
    stop() {
      clearInterval(timer)
      return Promise.all(outcomes)
    },
  }
}

export interface SentAnswer {
  /** 0 where the connection broke. */
  readonly status: number
  readonly cookies: readonly string[]
}

/** Sends one request. A form goes as a browser sends it. */
export function send(
  url: string,
  given: { method: string; path: string; cookie: string; form?: string },
): Promise<SentAnswer> {
  const { method, path, cookie, form } = given
  const headers = {
    ...{ cookie, accept: 'text/html', 'sec-fetch-site': 'same-origin', origin: url },
    ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
  }
  return new Promise((resolve) => {
    const sent = request(`${url}${path}`, { method, agent, headers }, (response) => {
      response.resume()
      const cookies = response.headers['set-cookie'] ?? []
      response.on('close', () => resolve({ status: response.statusCode ?? 0, cookies }))
    })
    sent.on('error', () => resolve({ status: 0, cookies: [] }))
    sent.end(form)
  })
}

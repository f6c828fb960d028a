/** What the tests of the Vercel handle share: a strategy, a key, a signed-in cookie, and a project that reads its headers. */
import { openSession, type StatelessStrategy, statelessSessions } from '../../src/session/index.ts'

export const origin = 'https://app.example.com'
/** Seconds. */
export const idle = 600

/** What a session holds here. */
export interface Data {
  user: string
  roles: string[]
}

/** Sessions by a clock of the test. */
export function sessionsAt(clock: () => number): StatelessStrategy<Data> {
  const secret = 'Xk7#pQ2v-9sLw4Zt-m8RbN1cYf-6hJdE3g'
  return statelessSessions<Data>({ secret, user: ({ user }) => user, idleTimeout: idle, clock })
}

/** The Cookie header of somebody who has just logged in. */
export async function cookieOf(sessions: StatelessStrategy<Data>, data: Data): Promise<string> {
  const headers = new Headers()
  await openSession(sessions, { request: { headers: new Headers() }, headers }).start(data)
  return headers.getSetCookie()[0]?.split(';')[0] ?? ''
}

/** ES256 private keys as `npm run secret` prints them, of these tests alone. */
export const key =
  '{"kty":"EC","crv":"P-256","x":"Q4zaZbiefcw9GYm820_SVP7nxPzjopIxdEXwL-QDY8s","y":"yThAojQlFeSkJM6ltKtENOL6XmxHITkU0ZKVP-CjxZ4","d":"W2SDVjtcH4jyuMDuEdnmYK3j7Ih4G23wCp3GWb8PWuI"}'
export const otherKey =
  '{"kty":"EC","crv":"P-256","x":"S49Le4WIeJaZcTogIIQN-KT8yLCwHmI2YYb06O8oNO0","y":"tLEKBMDpL4OxSp5alYj7RsIbgfBU9q6cR_6mR75Z0F4","d":"DtM4GxRMUL339gZodGfwg4j00NLuecvDUIoroBWfnCA"}'

/** The request headers that Next hands to the project, as its router reads the answer of a proxy. */
export function seenByProject(client: Headers, answer: Response): Map<string, string> {
  const seen = new Map<string, string>(client)
  const list = answer.headers.get('x-middleware-override-headers')
  if (list === null) return seen
  const names = list.split(',').map((name) => name.trim())
  for (const name of [...seen.keys()]) if (!names.includes(name)) seen.delete(name)
  for (const name of names) {
    const value = answer.headers.get(`x-middleware-request-${name}`)
    if (value === null) seen.delete(name)
    else seen.set(name, value)
  }
  return seen
}

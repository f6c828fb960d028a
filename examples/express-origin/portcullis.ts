/** All that an origin behind Portcullis needs: who is asking, where else, and the session's verbs. Copy it; it needs `jose`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose'

/** Its public origin. */
export const gateway: string = process.env.PORTCULLIS_URL ?? 'http://localhost:8787'
const keys = createRemoteJWKSet(new URL('/.portcullis/jwks.json', gateway))

/** What one answer may ask of the session. */
export type Verbs =
  | { start: { data: object; keep?: string[] } }
  | {
      set?: object
      unset?: string[]
      incr?: Record<string, number>
      flash?: object
      ifVersion?: string
    }
  | { end: true | { id: string } }
  | { endAll: true | { exceptCurrent: true } | { user: string } }

/** One session of who is asking. Times in milliseconds since the epoch. */
export interface Device {
  readonly id: string
  readonly createdAt: number
  readonly seenAt: number
  readonly expiresAt: number
  /** What it was last seen with, where the gateway's sessions have the option `clientInfo`. */
  readonly client?: {
    readonly browser?: string
    readonly system?: string
    readonly country?: string
    readonly network?: string
  }
  /** Whether this request belongs to it. */
  readonly current: boolean
}

/** Who the gateway says is asking: undefined without a session. Rejects when the assertion is not the gateway's, or not for us. */
export async function identify<C>(
  req: IncomingMessage,
): Promise<(JWTPayload & { claims?: C }) | undefined> {
  const token = req.headers['portcullis-assertion']
  if (token === undefined) return undefined
  const pinned = {
    algorithms: ['ES256'],
    issuer: gateway,
    audience: 'app',
    requiredClaims: ['exp', 'sid'],
  }
  return (await jwtVerify<{ claims?: C }>(String(token), keys, pinned)).payload
}

/** Their sessions, the newest first; undefined where the gateway does not tell: nobody is signed in, or nothing is stored. */
export function devices(req: IncomingMessage): Device[] | undefined {
  const list = req.headers['portcullis-sessions']
  return list === undefined
    ? undefined
    : JSON.parse(Buffer.from(String(list), 'base64url').toString())
}

/** Starts, changes or ends the session with this answer. False where no gateway asked: then nothing would come of it. */
export function session(req: IncomingMessage, res: ServerResponse, verbs: Verbs): boolean {
  const nonce = req.headers['portcullis-session-nonce']
  if (nonce === undefined) return false
  const json = Buffer.from(JSON.stringify(verbs)).toString('base64url')
  if (json.length > 2000 || res.hasHeader('Portcullis-Session'))
    throw new Error('One Portcullis-Session of 2 KB at most.')
  res.setHeader('Portcullis-Session', `${nonce}.${json}`)
  return true
}

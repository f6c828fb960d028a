/**
 * Handles a refresh: a browser proves that it still has the key of its device, and gets a new bound cookie; the
 * first proof binds the session. `endpoints.ts` calls it for `POST` to the refresh path.
 *
 * A request without a proof, or with an old challenge, is answered with a challenge (403). A wrong proof is
 * answered with 401 and ends the browser's session; a session that has ended or is another one is
 * forgotten. A session that this deployment cannot read is answered with 503 and kept. Refusals emit
 * `session-refresh-refused`. Errors of the store reject, and `endpoints.ts` answers 503. In a store each
 * proof is accepted once.
 */
import { serializeCookie } from '../../cookie/serialize.ts'
import { randomId } from '../../crypto/random.ts'
import type { CookieJar } from '../../types.ts'
import type { LoadResult, WriteResult } from '../core/engine.ts'
import { emitAbout } from '../core/events.ts'
import type { SessionRecord } from '../core/record.ts'
import { type DeviceBinding, isBound, readBinding } from './binding.ts'
import { createBoundValue } from './bound-cookie.ts'
import { createChallenge, readChallenge } from './challenge.ts'
import { type DeviceContext, isUnreadable } from './context.ts'
import {
  answerChallenge,
  answerForget,
  answerJson,
  answerRefusal,
  answerUnavailable,
} from './http/answers.ts'
import { readHeaderString } from './http/header-string.ts'
import { writeInstructions, writeOffer } from './http/instructions.ts'
import { parseProof, verifyProof } from './proof.ts'
import { isSidFor } from './sid.ts'

/** Most seconds until a challenge must come back signed. */
const challengeAge = 60

/** A refresh whose session was loaded. */
interface Refresh<Data extends object> extends DeviceContext<Data> {
  readonly jar: CookieJar
  readonly session: LoadResult<Data>
  readonly record: SessionRecord<Data>
  readonly binding: DeviceBinding
}

/**
 * Answers a refresh. Only a wrong proof ends the browser's session; a late challenge, an outage or an
 * unreadable session does not.
 */
export async function answerRefresh<Data extends object>(
  context: DeviceContext<Data>,
  jar: CookieJar,
  headers: Headers,
): Promise<Response> {
  const { settings, device, engine, outage } = context
  const requestedSid = readHeaderString(headers.get('sec-secure-session-id'))
  // SameSite omits the cookie from a refresh that a page of another site caused.
  if (jar.read(settings.cookie.name).length === 0)
    return device.initiators.length > 0 ? answerUnavailable() : answerForget(requestedSid)

  const token = readHeaderString(headers.get('secure-session-response'))
  if (token === undefined && requestedSid !== undefined && !outage.isSuspected) {
    const response = await answerByCookie(context, jar, requestedSid)
    if (response !== undefined) return response
  }

  const session = await engine.load(jar)
  const { record } = session
  if (record === undefined)
    return isUnreadable(context, jar, session) ? answerUnavailable() : answerForget(requestedSid)

  // The store answers again.
  outage.isSuspected = false

  const binding = readBinding(record.device)
  // Another login has replaced the session that the browser names.
  if (binding === undefined || (requestedSid ?? binding.sid) !== binding.sid)
    return answerForget(requestedSid, await offerAgain(context, jar, record, requestedSid))

  return checkProof({ ...context, jar, session, record, binding }, token)
}

/**
 * Answers a request without a proof by its cookie alone, so that a challenge costs no request to the
 * store. Whether the session has ended is checked when the proof arrives.
 *
 * @returns undefined if only the store of revocations can decide about a stateless session
 */
async function answerByCookie<Data extends object>(
  context: DeviceContext<Data>,
  jar: CookieJar,
  requestedSid: string,
): Promise<Response | undefined> {
  const { settings, engine } = context
  const { readCookie = engine.load } = engine
  const session = await readCookie(jar)
  const { record, location } = session

  // The identifier proves that a key was registered for this session.
  const { ring } = settings.keys(jar.env)
  const isNamed =
    location === undefined
      ? readBinding(record?.device)?.sid === requestedSid
      : await isSidFor(ring, location.ref.key, requestedSid)
  if (isNamed) return sendChallenge(context, jar, requestedSid)

  if (record !== undefined) return undefined
  return isUnreadable(context, jar, session) ? answerUnavailable() : answerForget(requestedSid)
}

/** Checks a proof, the cheapest part first: the challenge's MAC, then the signature, then the store. */
async function checkProof<Data extends object>(
  refresh: Refresh<Data>,
  token: string | undefined,
): Promise<Response> {
  const { settings, jar, binding } = refresh
  if (token === undefined) return ask(refresh)

  const proof = parseProof(token)
  if ('rejected' in proof) return refuse(refresh, proof.rejected)

  const use = { purpose: 'refresh', session: binding.sid } as const
  const span = { now: settings.clock(), maxAge: challengeAge }
  const challengeTime = await readChallenge(settings.keys(jar.env).ring, use, proof.challenge, span)
  if (typeof challengeTime === 'string') return ask(refresh, challengeTime)
  if (challengeTime <= (binding.proved ?? 0)) return ask(refresh, 'spent')

  const rejection = await verifyProof(proof, binding)
  if (rejection !== undefined) return refuse(refresh, rejection)

  return acceptProof(refresh, challengeTime)
}

async function acceptProof<Data extends object>(
  refresh: Refresh<Data>,
  challengeTime: number,
): Promise<Response> {
  const { settings, device, jar, record, binding } = refresh
  const { ring } = settings.keys(jar.env)
  const result = await writeProof(refresh, challengeTime)
  if (result === 'spent') return ask(refresh, 'spent')

  if (!isBound(binding))
    await emitAbout(settings, jar, {
      type: 'session-bound',
      id: result?.session.record?.id ?? record.id,
      data: record.data,
      reason: binding.alg,
    })
  const value = await createBoundValue(ring, binding.sid, challengeTime)
  const cookie = serializeCookie(device.cookie, value, device.lifetime)
  return answerJson(200, writeInstructions(device, binding.sid), [
    ...(result?.cookies ?? []),
    cookie,
  ])
}

/**
 * Records the proof. In a store each proof is accepted once: its challenge must be younger than that
 * of the last accepted proof. A stateless session has no such record; it gets a new id with the first
 * proof, which ends every earlier copy of its cookie.
 */
async function writeProof<Data extends object>(
  { engine, jar, session, binding }: Refresh<Data>,
  challengeTime: number,
): Promise<WriteResult<Data> | 'spent' | undefined> {
  const { renew } = engine
  if (renew !== undefined && isBound(binding)) return undefined

  let counts = false
  const change = (now: SessionRecord<Data> | undefined): SessionRecord<Data> | undefined => {
    const current = readBinding(now?.device)
    counts = current?.sid === binding.sid && challengeTime > (current.proved ?? 0)
    if (!counts || now === undefined) return undefined

    const device = { ...binding, proved: challengeTime }
    return renew === undefined ? { ...now, device } : { ...now, device, id: randomId() }
  }
  const result = await (renew ?? engine.write)(jar, session, change)
  return counts ? result : 'spent'
}

/**
 * Asks for a proof again. Its challenge is always younger than the last accepted proof, even if this
 * machine's clock is behind.
 */
async function ask<Data extends object>(
  refresh: Refresh<Data>,
  reason?: 'foreign' | 'stale' | 'spent',
): Promise<Response> {
  const { settings, jar, record, binding } = refresh
  if (reason !== undefined) await emitAbout(settings, jar, { ...describeRefusal(record), reason })
  return sendChallenge(refresh, jar, binding.sid, (binding.proved ?? 0) + 1)
}

/** Asks for a proof over a challenge with the current time, or with `earliest` if that is later. */
async function sendChallenge<Data extends object>(
  { settings }: DeviceContext<Data>,
  jar: CookieJar,
  sid: string,
  earliest = 0,
): Promise<Response> {
  const { ring } = settings.keys(jar.env)
  const use = { purpose: 'refresh', session: sid } as const
  const now = Math.max(settings.clock(), earliest)
  return answerChallenge(await createChallenge(ring, use, now), sid)
}

/** Creates the event of a refresh that was not accepted. */
function describeRefusal<Data>({ id, data }: SessionRecord<Data>): {
  type: 'session-refresh-refused'
  id: string
  data: Data | undefined
} {
  return { type: 'session-refresh-refused', id, data }
}

async function refuse<Data extends object>(
  { settings, jar, record }: Refresh<Data>,
  reason: string,
): Promise<Response> {
  await emitAbout(settings, jar, { ...describeRefusal(record), reason })
  return answerRefusal(401)
}

/**
 * Offers the registration again if the response of a parallel request restored the cookie from before
 * the registration. That happens only to stateless sessions, since a store never loses a key, and the
 * offer is made only as long as a first registration would be accepted.
 */
async function offerAgain<Data extends object>(
  { settings, device, engine }: DeviceContext<Data>,
  jar: CookieJar,
  record: SessionRecord<Data>,
  requestedSid: string | undefined,
): Promise<string | undefined> {
  const { authenticated, created, id } = record
  const { ring } = settings.keys(jar.env)
  const age = Math.floor(settings.clock() / 1000) - created
  if (engine.renew === undefined || record.device !== undefined || authenticated === undefined)
    return undefined
  if (age > device.register) return undefined

  // A client that copied the cookie before the registration does not know the identifier that the browser received.
  if (requestedSid === undefined || !(await isSidFor(ring, id, requestedSid))) return undefined
  const use = { purpose: 'register', session: id } as const
  // The challenge is as old as the login, so that a copy of the cookie does not get more time than the browser had.
  return writeOffer(await createChallenge(ring, use, created * 1000))
}

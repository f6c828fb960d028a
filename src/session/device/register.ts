/**
 * Handles a registration: a browser offers the public key of its device after a login, and the key is stored
 * with the session. `endpoints.ts` calls it for `POST` to the register path. Nothing is enforced before
 * the first proof of a refresh.
 *
 * A request without a session, with a bad proof or with a late challenge is answered with 401, a second key
 * with 409, and a session that this deployment cannot read with 503; each refusal emits
 * `session-bind-refused` with the reason. Errors of the store reject, and `endpoints.ts` answers 503.
 */
import type { CookieJar } from '../../types.ts'
import { emitAbout, emitSessionEvent } from '../core/events.ts'
import type { SessionRecord } from '../core/record.ts'
import type { DeviceBinding } from './binding.ts'
import { expireBound } from './bound-cookie.ts'
import { readChallenge } from './challenge.ts'
import { type DeviceContext, isUnreadable } from './context.ts'
import { answerJson, answerRefusal, answerUnavailable } from './http/answers.ts'
import { readHeaderString } from './http/header-string.ts'
import { writeInstructions } from './http/instructions.ts'
import { parseProof, verifyProof } from './proof.ts'
import { createSid } from './sid.ts'

/**
 * Answers a registration. A session accepts one key in its life, within `register` seconds of its
 * login: a client that comes later, or second, may have stolen the cookie.
 */
export async function answerRegistration<Data extends object>(
  context: DeviceContext<Data>,
  jar: CookieJar,
  headers: Headers,
): Promise<Response> {
  const { settings, device, engine } = context
  const { ring } = settings.keys(jar.env)
  const session = await engine.load(jar)
  const { record } = session
  if (record === undefined) {
    if (isUnreadable(context, jar, session)) return answerUnavailable()
    return refuse(context, jar, undefined, 'no-session')
  }

  // From here on the client has the session's cookie.
  if (record.device !== undefined) return refuse(context, jar, record, 'bound-already')
  const proof = parseProof(readHeaderString(headers.get('secure-session-response')))
  if ('rejected' in proof) return refuse(context, jar, record, proof.rejected)
  if (proof.key === undefined) return refuse(context, jar, record, 'key')

  const use = { purpose: 'register', session: record.id } as const
  const span = { now: settings.clock(), maxAge: device.register }
  const challengeTime = await readChallenge(ring, use, proof.challenge, span)
  if (typeof challengeTime === 'string') return refuse(context, jar, record, challengeTime)

  // A point that is not on the curve cannot be imported, or in Deno cannot be used: both reject.
  const rejection = await verifyProof(proof, proof.key).catch(() => 'key' as const)
  if (rejection !== undefined) return refuse(context, jar, record, rejection)

  const binding: DeviceBinding = { sid: await createSid(ring, record.id), ...proof.key }
  let isFirst = false
  const result = await engine.write(jar, session, (now) => {
    isFirst = now !== undefined && now.device === undefined
    return isFirst && now !== undefined ? { ...now, device: binding } : undefined
  })
  if (!isFirst) return refuse(context, jar, record, 'bound-already')

  await emitAbout(settings, jar, {
    type: 'session-key-offered',
    id: record.id,
    data: record.data,
    reason: proof.alg,
  })
  // The bound cookie of an earlier session would keep the browser from proving the new key, so it is expired.
  return answerJson(200, writeInstructions(device, binding.sid), [
    ...(result?.cookies ?? []),
    ...expireBound(device, jar),
  ])
}

/** Refuses a registration. The browser then has no bound session, and does not try again. */
async function refuse<Data extends object>(
  { settings }: DeviceContext<Data>,
  jar: CookieJar,
  record: SessionRecord<Data> | undefined,
  reason: string,
): Promise<Response> {
  const type = 'session-bind-refused'
  if (record === undefined) emitSessionEvent(settings, jar, { type, reason })
  else await emitAbout(settings, jar, { type, id: record.id, data: record.data, reason })
  return answerRefusal(reason === 'bound-already' ? 409 : 401)
}

/**
 * Handles a registration: a browser offers the key of its device, which is kept; nothing is
 * enforced before its first proof. `endpoints.ts` calls it. A second key, or one that comes late,
 * is refused.
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
 * Answers a registration. A session takes one key in its life, offered within `register` seconds of
 * `start`: whoever comes later, or second, has stolen something.
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

  // From here on whoever asks has the session's cookie.
  if (record.device !== undefined) return refuse(context, jar, record, 'bound-already')
  const proof = parseProof(readHeaderString(headers.get('secure-session-response')))
  if ('rejected' in proof) return refuse(context, jar, record, proof.rejected)
  if (proof.key === undefined) return refuse(context, jar, record, 'key')

  const use = { purpose: 'register', session: record.id } as const
  const span = { now: settings.clock(), maxAge: device.register }
  const challengeTime = await readChallenge(ring, use, proof.challenge, span)
  if (typeof challengeTime === 'string') return refuse(context, jar, record, challengeTime)

  // A point that is off the curve cannot be imported, and in Deno not be used.
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
  // A bound cookie of the session before would keep the browser from proving the new key.
  return answerJson(200, writeInstructions(device, binding.sid), [
    ...(result?.cookies ?? []),
    ...expireBound(device, jar),
  ])
}

/** No session comes of it; a browser does not try again. */
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

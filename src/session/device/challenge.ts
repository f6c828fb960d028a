/**
 * Creates the challenges that a device signs, and reads them again. A challenge carries its time and a MAC,
 * so that nothing has to be stored. The engine creates one for each login, `register.ts` reads it, and
 * `refresh.ts` does both.
 *
 * A challenge of another session or purpose, or a forged one, reads as `foreign`, and one that is too old as
 * `stale`; nothing throws for what a client sent. A challenge can be used more than once until it is
 * stale: `refresh.ts` rejects repetitions by the time of the last proof.
 */
import { encodeBase64url } from '../../crypto/base64url.ts'
import { equalText } from '../../crypto/equal.ts'
import type { KeyRing } from '../../crypto/key-ring.ts'
import { randomId } from '../../crypto/random.ts'

/** The purpose of a challenge, which is not accepted for another purpose or session. */
export interface ChallengeUse {
  readonly purpose: 'register' | 'refresh'
  /** The id of the session. It is part of the MAC, and the challenge does not contain it. */
  readonly session: string
}

/** Milliseconds by which the clocks of two machines may differ. */
const skewMs = 60_000

/** Creates a challenge: `time.random.mac`, in characters that need no quotes in a header. */
export async function createChallenge(
  ring: KeyRing,
  use: ChallengeUse,
  now: number,
): Promise<string> {
  const text = `${now.toString(36)}.${randomId(8)}`
  return `${text}.${encodeMac(await ring.mac('device-challenge', describeUse(use, text)))}`
}

/**
 * Reads when a challenge was created, in milliseconds since the epoch.
 *
 * @param maxAge - seconds
 * @returns the time, or the reason why the challenge is rejected: `foreign` for another session or purpose or a forged
 * one
 */
export async function readChallenge(
  ring: KeyRing,
  use: ChallengeUse,
  challenge: string,
  { now, maxAge }: { readonly now: number; readonly maxAge: number },
): Promise<number | 'foreign' | 'stale'> {
  const [, text = '', time = '', mac = ''] = shape.exec(challenge) ?? []
  if (text === '') return 'foreign'
  const macs = await ring.macs('device-challenge', describeUse(use, text))
  if (!macs.some((candidate) => equalText(encodeMac(candidate), mac))) return 'foreign'

  const createdAt = Number.parseInt(time, 36)
  return now - createdAt > maxAge * 1000 || createdAt - now > skewMs ? 'stale' : createdAt
}

const shape = /^(([\da-z]{1,10})\.[\w-]{11})\.([\w-]{22})$/

function describeUse({ purpose, session }: ChallengeUse, text: string): string {
  return `${purpose} ${session} ${text}`
}

function encodeMac(mac: Uint8Array): string {
  return encodeBase64url(mac.subarray(0, 16))
}

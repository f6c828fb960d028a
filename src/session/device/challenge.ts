/**
 * Creates and reads the challenges that a device signs. Nothing is stored for them: each carries
 * its time and a MAC. Registration and refresh call it. An old or foreign challenge gives the
 * reason why it does not count.
 */
import { encodeBase64url } from '../../crypto/base64url.ts'
import { equalText } from '../../crypto/equal.ts'
import type { KeyRing } from '../../crypto/key-ring.ts'
import { randomId } from '../../crypto/random.ts'

/** The purpose of a challenge. One that was made for another purpose or session does not count. */
export interface ChallengeUse {
  readonly purpose: 'register' | 'refresh'
  /** The session that it was made for. The challenge does not contain it. */
  readonly session: string
}

/** Clocks of two machines may differ by a minute. */
const skewMs = 60_000

/** A challenge of now: `time.random.mac`, characters that need no quoting. */
export async function createChallenge(
  ring: KeyRing,
  use: ChallengeUse,
  now: number,
): Promise<string> {
  const text = `${now.toString(36)}.${randomId(8)}`
  return `${text}.${encodeMac(await ring.mac('device-challenge', describeUse(use, text)))}`
}

/**
 * When a challenge was made, in milliseconds since the epoch.
 *
 * @param maxAge - seconds
 * @returns why it does not count: `foreign` is another session's, another purpose's or nobody's
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

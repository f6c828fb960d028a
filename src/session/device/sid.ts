/**
 * Creates and checks the name under which a browser keeps a bound session (`session_identifier`).
 * It proves that a key was registered for the session, since only the browser that registered has
 * received it. Registration and refresh call it; a foreign name gives false.
 */
import { encodeBase64url } from '../../crypto/base64url.ts'
import { equalText } from '../../crypto/equal.ts'
import type { KeyRing } from '../../crypto/key-ring.ts'
import { randomId } from '../../crypto/random.ts'

/** Creates a name: six random bytes, and six of a MAC over them and the id of the session. */
export async function createSid(ring: KeyRing, session: string): Promise<string> {
  const nonce = randomId(6)
  return nonce + encodeMac(await ring.mac('device-sid', `${session} ${nonce}`))
}

/** Whether a name was created for this session. */
export async function isSidFor(ring: KeyRing, session: string, sid: string): Promise<boolean> {
  if (sid.length !== 16) return false
  const nonce = sid.slice(0, 8)
  const macs = await ring.macs('device-sid', `${session} ${nonce}`)
  return macs.some((mac) => equalText(nonce + encodeMac(mac), sid))
}

function encodeMac(mac: Uint8Array): string {
  return encodeBase64url(mac.subarray(0, 6))
}

/**
 * Creates and checks the identifier under which a browser stores a bound session (`session_identifier`). It
 * contains a MAC of the session's id, so that a later request with it proves that a key was registered for the
 * session. `register.ts` creates it and `refresh.ts` checks it.
 *
 * An identifier of another session, or of another form, gives false. It never throws for what a client
 * sent; it proves little on its own, since the MAC has 48 bits.
 */
import { encodeBase64url } from '../../crypto/base64url.ts'
import { equalText } from '../../crypto/equal.ts'
import type { KeyRing } from '../../crypto/key-ring.ts'
import { randomId } from '../../crypto/random.ts'

/** Creates an identifier: six random bytes, and six bytes of a MAC over them and the id of the session. */
export async function createSid(ring: KeyRing, session: string): Promise<string> {
  const nonce = randomId(6)
  return nonce + encodeMac(await ring.mac('device-sid', `${session} ${nonce}`))
}

/** Whether an identifier was created for this session. */
export async function isSidFor(ring: KeyRing, session: string, sid: string): Promise<boolean> {
  if (sid.length !== 16) return false
  const nonce = sid.slice(0, 8)
  const macs = await ring.macs('device-sid', `${session} ${nonce}`)
  return macs.some((mac) => equalText(nonce + encodeMac(mac), sid))
}

function encodeMac(mac: Uint8Array): string {
  return encodeBase64url(mac.subarray(0, 6))
}

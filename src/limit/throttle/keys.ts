/**
 * Creates the keys of the login throttle's counters, as digests under its secret, and the seal of
 * its device cookie. `options.ts` builds it once for each secret; the throttle's counters and
 * device cookie use it. An invalid secret is added to the caller's list of issues. A secret that
 * comes from the environment is validated at the first request, where `ERR_CONFIG` is thrown.
 */
import { encodeBase64url, type KeyRing, keyRing, type Sealer, sealer } from '../../crypto/index.ts'
import { joinBytes } from '../../crypto/text.ts'
import type { Issues } from '../../options/index.ts'
import type { Clock } from '../../types.ts'

/** The keys of one list of secrets. */
export interface ThrottleKeys {
  /**
   * Returns the key of a counter: its kind, and a digest of 128 bits that reveals no account,
   * address or device.
   */
  counter(kind: string, ...parts: readonly string[]): Promise<string>
  /**
   * Returns the tags of an account's text in a device cookie, one under each secret. A new cookie
   * has the first tag; all of them are recognized.
   */
  deviceTags(text: string): Promise<readonly string[]>
  readonly seal: Sealer
}

/**
 * Creates the keys. `device` has the name of the cookie that the seal is for, and for how many
 * seconds a sealed value can be opened.
 */
export function createThrottleKeys(
  secret: string | readonly string[],
  device: { readonly name: string; readonly lifetime: number; readonly clock: Clock },
  issues: Issues,
): ThrottleKeys {
  const ring: KeyRing = keyRing(secret, issues)
  return {
    async counter(kind, ...parts): Promise<string> {
      return `${kind}:${shortenMac(await ring.mac('throttle', joinBytes(kind, ...parts)))}`
    },
    async deviceTags(text): Promise<readonly string[]> {
      return (await ring.macs('throttle-device-text', text)).map(shortenMac)
    },
    seal: sealer(ring, { purpose: 'device', ...device, maxLength: 1024 }),
  }
}

function shortenMac(macBytes: Uint8Array<ArrayBuffer>): string {
  return encodeBase64url(macBytes.subarray(0, 16))
}

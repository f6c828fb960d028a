/**
 * Creates the digests under which logins are counted, and the seal of the device cookie, all from
 * one ring of secrets. `options.ts` builds it and the throttle calls it. A weak secret is reported
 * as an issue.
 */
import { encodeBase64url, type KeyRing, keyRing, type Sealer, sealer } from '../../crypto/index.ts'
import { joinBytes } from '../../crypto/text.ts'
import type { Issues } from '../../options/index.ts'
import type { Clock } from '../../types.ts'

/** The keys of one set of secrets. */
export interface ThrottleKeys {
  /** Name of a counter: a word for its kind, and 128 bits that tell nothing of account, address or device. */
  counter(kind: string, ...parts: readonly string[]): Promise<string>
  /** The tags of an account's text in a device cookie, one under each secret: the first is written, all are known. */
  deviceTags(text: string): Promise<readonly string[]>
  readonly seal: Sealer
}

/** Makes them. `device` says whose seal, and for how many seconds it opens. */
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

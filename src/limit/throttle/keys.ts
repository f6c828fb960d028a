/** Digests of what is counted, and the seal of the device cookie, all from one ring of secrets. */
import { encodeBase64url, type KeyRing, keyRing, type Sealer, sealer } from '../../crypto/index.ts'
import { joined } from '../../crypto/text.ts'
import type { Faults } from '../../options/index.ts'
import type { Clock } from '../../types.ts'

/** What one set of secrets gives. */
export interface ThrottleKeys {
  /** Name of a counter: a word for its kind, and 128 bits that tell nothing of account, address or device. */
  counter(kind: string, ...parts: readonly string[]): Promise<string>
  /** What stands for an account's text in a device cookie, under each secret: the first is written, all are known. */
  deviceTags(text: string): Promise<readonly string[]>
  readonly seal: Sealer
}

/** Makes them. `device` says whose seal, and for how many seconds it opens. */
export function throttleKeys(
  secret: string | readonly string[],
  device: { readonly name: string; readonly lifetime: number; readonly clock: Clock },
  faults: Faults,
): ThrottleKeys {
  const ring: KeyRing = keyRing(secret, faults)
  return {
    async counter(kind, ...parts): Promise<string> {
      return `${kind}:${short(await ring.mac('throttle', joined(kind, ...parts)))}`
    },
    async deviceTags(text): Promise<readonly string[]> {
      return (await ring.macs('throttle-device-text', text)).map(short)
    },
    seal: sealer(ring, { purpose: 'device', ...device, maxLength: 1024 }),
  }
}

function short(mac: Uint8Array<ArrayBuffer>): string {
  return encodeBase64url(mac.subarray(0, 16))
}

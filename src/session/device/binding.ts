/**
 * Reads what a session's record says about its device: nothing, a key that was only offered, or a key that
 * was proved. `enforce.ts`, `refresh.ts` and `register.ts` call it, and `proof.ts` uses the type of a key.
 * It is pure and never throws; a value of another form reads as undefined.
 */
import { isObject } from '../../options/is-object.ts'

/** The signature algorithms that Chromium supports. */
export type DeviceAlgorithm = 'ES256' | 'RS256'

/** A public key, reduced to two members: x and y of P-256, or n and e of RSA. */
export interface DeviceKey {
  readonly alg: DeviceAlgorithm
  /** `x` or `n`, in base64url. */
  readonly first: string
  /** `y` or `e`, in base64url. */
  readonly second: string
}

/**
 * The device of a session. Without `proved` the key was only offered: the browser may have ignored
 * our response, so nothing is enforced. With `proved` the session is valid only together with the
 * bound cookie, and accepts no other key.
 */
export interface DeviceBinding extends DeviceKey {
  /** The `session_identifier` under which the browser stores the session. */
  readonly sid: string
  /**
   * When the challenge of the newest accepted proof was created, in milliseconds since the epoch.
   */
  readonly proved?: number
}

/** Whether the session needs the bound cookie. */
export function isBound(
  binding: DeviceBinding | undefined,
): binding is DeviceBinding & { readonly proved: number } {
  return binding?.proved !== undefined
}

/** Reads the device of a record; undefined for a value of another form. */
export function readBinding(value: unknown): DeviceBinding | undefined {
  if (!isObject(value)) return undefined
  const { sid, alg, first, second, proved } = value as Record<string, unknown>
  const isComplete =
    [sid, first, second].every((member) => typeof member === 'string') &&
    (alg === 'ES256' || alg === 'RS256') &&
    (proved === undefined || Number.isSafeInteger(proved))
  return isComplete ? (value as DeviceBinding) : undefined
}

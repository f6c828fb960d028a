/**
 * Reads a session's record of its device: nothing, a key that was offered, or a key that was
 * proved. The device engine and its endpoints call it. It is pure; any other value gives
 * undefined.
 */
import { isObject } from '../../options/is-object.ts'

/** Signature algorithms that Chromium offers. */
export type DeviceAlgorithm = 'ES256' | 'RS256'

/** A public key without the members that nobody needs: x and y of P-256, or n and e of RSA. */
export interface DeviceKey {
  readonly alg: DeviceAlgorithm
  /** `x` or `n`, in base64url. */
  readonly first: string
  /** `y` or `e`, in base64url. */
  readonly second: string
}

/**
 * The device of a session. Without `proved` the key was only offered: the browser may have refused
 * the session that it was answered, so nothing is enforced. With `proved` the session counts only
 * together with the bound cookie, and never takes another key.
 */
export interface DeviceBinding extends DeviceKey {
  /** The name under which the browser keeps the session: `session_identifier`. */
  readonly sid: string
  /**
   * When the challenge of the newest proof that counted was made, in milliseconds since the epoch.
   */
  readonly proved?: number
}

/** Whether the bound cookie is needed. */
export function isBound(
  binding: DeviceBinding | undefined,
): binding is DeviceBinding & { readonly proved: number } {
  return binding?.proved !== undefined
}

/**
 * Reads what a record holds; undefined for anything else that was once sealed under the same name.
 */
export function readBinding(value: unknown): DeviceBinding | undefined {
  if (!isObject(value)) return undefined
  const { sid, alg, first, second, proved } = value as Record<string, unknown>
  const whole =
    [sid, first, second].every((member) => typeof member === 'string') &&
    (alg === 'ES256' || alg === 'RS256') &&
    (proved === undefined || Number.isSafeInteger(proved))
  return whole ? (value as DeviceBinding) : undefined
}

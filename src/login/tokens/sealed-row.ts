/**
 * Encrypts the tokens of a session for a store, and plans when they are refreshed. `keep.ts` creates
 * the sealer and calls `planRefresh`; `lease.ts` opens and seals rows.
 *
 * Text that was sealed for another row or with a removed secret, or that is older than the sessions'
 * `maxAge`, opens as undefined and is not an error. Sealing rejects for tokens over 400,000 characters,
 * and `ERR_CONFIG` is thrown where the secret of an environment is wrong.
 */
import { type KeyRing, type Sealer, sealer, sha256 } from '../../crypto/index.ts'
import type { LoginSettings } from '../settings.ts'
import type { KeptTokens } from './contract.ts'

/** Most characters of a sealed row. A token response has at most 256 kB, and sealing adds a third. */
const longestRow = 400_000
/** Milliseconds before a token's expiry at which it is refreshed, while other requests may still use it. */
const refreshAhead = 30_000
/** Assumed lifetime in seconds of a token without `expires_in`. */
const usualLife = 300

/** Seals and opens tokens with the secret of one environment. */
export interface RowSealer {
  /**
   * Returns the key of a row in the store. It is a digest, so a reader of the store cannot match rows with sessions.
   */
  readKey(row: string): Promise<string>
  seal(row: string, tokens: KeptTokens): Promise<string>
  /** Decrypts tokens; undefined for text of another row, of another secret, or that has expired. */
  open(row: string, sealed: string): Promise<KeptTokens | undefined>
  /** Lifetime of a row in milliseconds. */
  readonly life: number
}

/** Caches a sealer for each key ring: an environment returns the same ring until its secret changes. */
export function createReadSealer({
  readKeys,
  clock,
}: Pick<LoginSettings, 'readKeys' | 'clock'>): (env: unknown) => RowSealer {
  const cache = new WeakMap<KeyRing, RowSealer>()
  return (env) => {
    const { internals } = readKeys(env)
    const ring = internals.ring(env)
    const cachedSealer = cache.get(ring)
    if (cachedSealer !== undefined) return cachedSealer

    const rowSealer = createRowSealer(
      sealer(ring, {
        purpose: 'record',
        name: 'login-tokens',
        lifetime: internals.maxAge,
        clock,
        maxLength: longestRow,
        ...(internals.audience !== undefined && { audience: internals.audience }),
      }),
      internals.maxAge * 1000,
    )
    cache.set(ring, rowSealer)
    return rowSealer
  }
}

function createRowSealer(tokenSealer: Sealer, life: number): RowSealer {
  return {
    life,
    readKey: (row) => sha256(`login tokens ${row}`),
    seal: (row, tokens) => tokenSealer.seal(JSON.stringify({ row, tokens })),
    async open(row, sealed) {
      const text = await tokenSealer.open(sealed)
      if (typeof text !== 'string') return undefined
      const content = JSON.parse(text) as { readonly row: string; readonly tokens: KeptTokens }
      // Somebody who can write to the store and swaps two rows must not give one user the tokens of another.
      return content.row === row ? content.tokens : undefined
    },
  }
}

/**
 * Calculates when a token expires and when it is refreshed: 30 seconds before, or in the last quarter of a short life.
 */
export function planRefresh(
  expiresIn: number | undefined,
  hasRefreshToken: boolean,
  now: number,
): { readonly expiresAt: number; readonly refreshAt: number } {
  // RFC 6749 section 5.1: `expires_in` is only recommended. Without it, a token that cannot be refreshed is used for
  // ever.
  if (expiresIn === undefined && !hasRefreshToken) {
    return { expiresAt: Number.MAX_SAFE_INTEGER, refreshAt: Number.MAX_SAFE_INTEGER }
  }
  const life = (expiresIn ?? usualLife) * 1000
  const expiresAt = now + life
  return { expiresAt, refreshAt: Math.floor(expiresAt - Math.min(refreshAhead, life / 4)) }
}

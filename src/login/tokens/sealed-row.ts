/**
 * Seals tokens as text that only their session can open, and plans when to refresh them. `keep.ts`
 * and `lease.ts` call it. Text that belongs to another session does not open.
 */
import { type KeyRing, type Sealer, sealer, sha256 } from '../../crypto/index.ts'
import type { LoginSettings } from '../settings.ts'
import type { KeptTokens } from './contract.ts'

/** Characters of a sealed row. A token response has at most 256 kB, and a seal takes a third more. */
const longestRow = 400_000
/** Milliseconds before the end of a token at which somebody refreshes it, so that nobody waits. */
const refreshAhead = 30_000
/** Seconds that a token lives whose provider does not say so. */
const usualLife = 300

/** Seals and opens the tokens of an environment. */
export interface RowSealer {
  /** The name of a row, as the store knows it: whoever reads the store cannot find a row by a session. */
  readKey(row: string): Promise<string>
  seal(row: string, tokens: KeptTokens): Promise<string>
  /** Undefined for text of another row, another secret or an old one. */
  open(row: string, sealed: string): Promise<KeptTokens | undefined>
  /** Milliseconds. */
  readonly life: number
}

/** Sealers by ring: an environment hands out the same ring until its secret changes. */
export function createReadSealer({
  readKeys,
  clock,
}: Pick<LoginSettings, 'readKeys' | 'clock'>): (env: unknown) => RowSealer {
  const made = new WeakMap<KeyRing, RowSealer>()
  return (env) => {
    const { internals } = readKeys(env)
    const ring = internals.ring(env)
    const known = made.get(ring)
    if (known !== undefined) return known

    const row = createRowSealer(
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
    made.set(ring, row)
    return row
  }
}

function createRowSealer(own: Sealer, life: number): RowSealer {
  return {
    life,
    readKey: (row) => sha256(`login tokens ${row}`),
    seal: (row, tokens) => own.seal(JSON.stringify({ row, tokens })),
    async open(row, sealed) {
      const text = await own.open(sealed)
      if (typeof text !== 'string') return undefined
      const held = JSON.parse(text) as { readonly row: string; readonly tokens: KeptTokens }
      // A writer of the store who swaps two rows gives nobody another person's tokens.
      return held.row === row ? held.tokens : undefined
    },
  }
}

/** When a token ends, and when somebody should refresh it. Short ones are refreshed in their last quarter. */
export function planRefresh(
  expiresIn: number | undefined,
  hasRefreshToken: boolean,
  now: number,
): { readonly expiresAt: number; readonly refreshAt: number } {
  // RFC 6749 section 5.1: `expires_in` is recommended. A token without it that cannot be refreshed is used on.
  if (expiresIn === undefined && !hasRefreshToken) {
    return { expiresAt: Number.MAX_SAFE_INTEGER, refreshAt: Number.MAX_SAFE_INTEGER }
  }
  const life = (expiresIn ?? usualLife) * 1000
  const expiresAt = now + life
  return { expiresAt, refreshAt: Math.floor(expiresAt - Math.min(refreshAhead, life / 4)) }
}

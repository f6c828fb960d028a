/**
 * Stores tokens in the memory of one isolate, for development, tests and single processes. Applications
 * pass `memoryTokens()` as the option `tokens` of a login; `keep.ts` calls the methods.
 *
 * Another isolate or process does not see the rows: a request there finds no tokens (`gone`), and its
 * user must sign in again. Beyond 10,000 rows the oldest is deleted. No method rejects. Everything is
 * lost when the isolate ends.
 */
import type { Clock } from '../../types.ts'
import type { TokenOption, TokenRow, TokenRows } from './contract.ts'
import { keepTokens } from './keep.ts'

/** A row with its expiry and its lease; times are milliseconds since the epoch. */
interface HeldRow extends TokenRow {
  readonly endsAt: number
  readonly holder?: string
  readonly leaseEnd?: number
  readonly pausedUntil?: number
}

const mostRows = 10_000

/**
 * Stores the tokens of sessions in memory. Another isolate or process does not see them: use it in development, in
 * tests or in one long-lived process, and `redisTokens` elsewhere.
 *
 * @example
 * login({ tokens: memoryTokens(), session, providers })
 */
export function memoryTokens({ clock = Date.now }: { clock?: Clock } = {}): TokenOption {
  return keepTokens(createMemoryRows(clock))
}

/** Creates the store behind {@link memoryTokens}. */
export function createMemoryRows(clock: Clock): TokenRows {
  const rows = new Map<string, HeldRow>()

  function find(key: string): HeldRow | undefined {
    const row = rows.get(key)
    if (row !== undefined && row.endsAt > clock()) return row
    rows.delete(key)
    return undefined
  }

  return {
    async put(key, { life, ...row }) {
      // A Map keeps the order of insertion, so its first key is the oldest row.
      const [oldest] = rows.keys()
      if (rows.size >= mostRows && oldest !== undefined) rows.delete(oldest)
      rows.set(key, { ...row, endsAt: clock() + life })
    },
    async take(key, { now, holder, lease, since }) {
      const row = find(key)
      if (row === undefined) return { status: 'gone' }
      const { sealed } = row
      const isFresh = since === undefined ? row.refreshAt > now : row.refreshedAt > since
      if (isFresh) return { status: 'fresh', sealed }
      const isHeld = row.holder !== undefined && row.holder !== holder
      if (isHeld && (row.leaseEnd ?? 0) > now) return { status: 'busy', sealed }
      if ((row.pausedUntil ?? 0) > now) return { status: 'paused', sealed }
      rows.set(key, { ...row, holder, leaseEnd: now + lease })
      return { status: 'lease', sealed }
    },
    async replace(key, { holder, keepsLease, ...next }) {
      const row = find(key)
      if (row === undefined || row.holder !== holder) return false
      rows.set(key, keepsLease ? { ...row, ...next } : { ...next, endsAt: row.endsAt })
      return true
    },
    async release(key, holder, pausedUntil) {
      const row = find(key)
      if (row === undefined || row.holder !== holder) return
      const { sealed, refreshAt, refreshedAt, endsAt } = row
      rows.set(key, { sealed, refreshAt, refreshedAt, endsAt, pausedUntil })
    },
    async drop(key, holder) {
      const row = find(key)
      if (row === undefined) return holder === undefined ? '' : undefined
      if (holder !== undefined && row.holder !== holder) return undefined
      rows.delete(key)
      return row.sealed
    },
  }
}

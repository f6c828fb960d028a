/**
 * Refreshes the tokens of a session exactly once, even if many requests in many isolates need them: the
 * request that holds the lease of the row calls the provider, the others wait or use the old token.
 * `keep.ts` calls `obtainTokens`.
 *
 * It returns the tokens, or why there are none: `gone` (no row, unreadable, or the refresh token was
 * rejected) or `unavailable` (the provider or the lease was not available in time). A refresh that
 * fails pauses further ones for 5 seconds. It waits for another request for at most the deadline of a
 * token request plus 6 seconds. Errors of the store reject, except while new tokens are written: then
 * they serve this request, after four tries and an event.
 */
import { randomId } from '../../crypto/index.ts'
import { isPortcullisError } from '../../errors.ts'
import { connectProvider, emitEvent } from '../context.ts'
import { redeemRefreshToken, validateRefreshed } from '../protocol/refresh.ts'
import type { LoginSettings } from '../settings.ts'
import { LoginError, type LoginFacts, type RefreshedTokens } from '../types.ts'
import type {
  IdentifyAgain,
  KeptTokens,
  RefreshedRow,
  TokenContext,
  TokenRows,
} from './contract.ts'
import { planRefresh, type RowSealer } from './sealed-row.ts'

/** Milliseconds by which a lease outlives the deadline of the token request. */
const leaseMargin = 5000
/** Milliseconds of the margin that are reserved for storing the new tokens. */
const storeMargin = 4000
/** Pauses in milliseconds between the tries to store new tokens; together they are shorter than `storeMargin`. */
const storePauses = [100, 300, 900]
/** Milliseconds for which no request calls a provider that did not answer. */
const outagePause = 5000
/** Milliseconds for which an access token must still be valid to be returned. */
const shortestLife = 2000
/** Most milliseconds between two requests to the store while another request refreshes. */
const longestWait = 250

/** The result of a request for tokens. */
export type TokenResult =
  | { readonly status: 'ok'; readonly tokens: KeptTokens }
  | { readonly status: 'gone'; readonly reason: string }
  | { readonly status: 'unavailable'; readonly reason: string }

/** The dependencies of a refresh. */
export interface TokenDesk {
  readonly settings: LoginSettings
  readonly rows: TokenRows
  readonly readSealer: (env: unknown) => RowSealer
}

/** Requires tokens that are newer than `since` (milliseconds since the epoch), and runs `identify` with them. */
export interface Recency {
  readonly since: number
  readonly identify: IdentifyAgain
}

/** The lease that this request holds. Its mutable members record the progress of the refresh. */
interface HeldLease {
  readonly context: TokenContext
  readonly facts: LoginFacts
  readonly row: string
  readonly key: string
  readonly holder: string
  /** The encrypted tokens at the time of the lease. */
  readonly sealed: string
  readonly tokens: KeptTokens
  readonly recency: Recency | undefined
  /** Milliseconds that a lease lives. */
  readonly life: number
  /** Milliseconds since the epoch, read before the request to the store. */
  takenAt: number
  /** The new refresh token, once the provider has issued it. */
  rotated?: string
  /** Whether the new refresh token is in the store. */
  isRotatedKept?: boolean
}

/** Another request is refreshing these tokens, or has refreshed them. */
class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError'
}

/** Returns valid tokens. If they must be refreshed, exactly one request of all isolates does so. */
export async function obtainTokens(
  desk: TokenDesk,
  context: TokenContext,
  facts: LoginFacts,
  recency?: Recency,
): Promise<TokenResult> {
  const { rows, settings } = desk
  const { env } = context
  const row = facts.tokens
  if (row === undefined) return { status: 'gone', reason: 'none-kept' }
  const sealer = desk.readSealer(env)
  const key = await sealer.readKey(row)
  const holder = randomId(12)
  const lease = settings.timeoutMs + leaseMargin

  for (let waitedMs = 0, turn = 0; waitedMs <= lease + 1000; turn++) {
    const now = settings.clock()
    const since = recency === undefined ? {} : { since: recency.since }
    const taken = await rows.take(key, { now, holder, lease, ...since }, env)
    if (taken.status === 'gone') return { status: 'gone', reason: 'row-gone' }
    const tokens = await sealer.open(row, taken.sealed)
    if (tokens === undefined) return { status: 'gone', reason: 'row-unreadable' }

    const isUsable = tokens.expiresAt > now + shortestLife
    if (taken.status === 'fresh') return { status: 'ok', tokens }
    if (taken.status === 'lease') {
      const { sealed } = taken
      const leased = { holder, sealed, tokens, recency, life: lease, takenAt: now }
      const heldLease: HeldLease = { context, facts, row, key, ...leased }
      const result = await refreshHeld(desk, heldLease, isUsable)
      if (result !== undefined) return result
      continue
    }
    const isPaused = taken.status === 'paused'
    const oldResult = useOld(tokens, isUsable, isPaused, recency)
    if (oldResult !== undefined) return oldResult
    const pauseMs = Math.min(longestWait, 20 * 2 ** Math.min(turn, 4)) * (0.5 + Math.random())
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
    waitedMs += pauseMs
  }
  return { status: 'unavailable', reason: 'lease-busy' }
}

/** Decides what a request without the lease gets: the old tokens, an error, or undefined if it must wait. */
function useOld(
  tokens: KeptTokens,
  isUsable: boolean,
  isPaused: boolean,
  recency: Recency | undefined,
): TokenResult | undefined {
  // The old token still works. A recheck of the person must wait for the refresh, unless refreshes are paused.
  if (isUsable && (recency === undefined || isPaused)) return { status: 'ok', tokens }
  return isPaused ? { status: 'unavailable', reason: 'paused' } : undefined
}

/** Refreshes as the holder of the lease; undefined if another request holds the lease by now. */
async function refreshHeld(
  desk: TokenDesk,
  held: HeldLease,
  isUsable: boolean,
): Promise<TokenResult | undefined> {
  const { rows, settings } = desk
  const { context, facts, key, holder, tokens } = held
  if (tokens.refreshToken === undefined) {
    // The tokens cannot be refreshed, so the access token is used until it expires.
    await rows.release(key, holder, 0, context.env)
    return isUsable ? { status: 'ok', tokens } : { status: 'gone', reason: 'no-refresh-token' }
  }
  try {
    const protocol = await connectProvider(settings, context, facts.provider)
    const result = await redeemRefreshToken(protocol, tokens.refreshToken, {
      beforeSend: () => renewLease(desk, held),
      onRotated: (refreshToken) => keepRotated(desk, held, refreshToken),
    })
    const refreshed = await validateRefreshed(protocol, result, facts.sub)
    return await keepRefreshed(desk, held, refreshed)
  } catch (error) {
    if (error instanceof LeaseLostError) return undefined
    return settleFailure(desk, held, error, isUsable)
  }
}

/**
 * Makes sure that the lease outlives the token request. Slow metadata, or a first secret that the provider rejected,
 * may have used up its time: then the store must confirm that this request still holds the lease, and extend it.
 */
async function renewLease({ rows, settings }: TokenDesk, held: HeldLease): Promise<void> {
  const { context, key, holder, life, recency, sealed } = held
  const isLong = (): boolean =>
    held.takenAt + life - settings.clock() >= settings.timeoutMs + storeMargin
  if (isLong()) return

  const now = settings.clock()
  const since = recency === undefined ? {} : { since: recency.since }
  const taken = await rows.take(key, { now, holder, lease: life, ...since }, context.env)
  if (taken.status !== 'lease' || taken.sealed !== sealed) throw new LeaseLostError()

  held.takenAt = now
  // A store that needs seconds to answer would need as long to store the new tokens.
  if (!isLong()) throw new LoginError('store-unavailable')
}

/** Ends the lease after a failed refresh, and decides what this request gets. */
async function settleFailure(
  desk: TokenDesk,
  held: HeldLease,
  error: unknown,
  isUsable: boolean,
): Promise<TokenResult | undefined> {
  const { rows, settings } = desk
  const { context, facts, key, holder, tokens } = held
  if (!(error instanceof LoginError)) {
    await endLease(desk, held).catch(() => {})
    throw error
  }

  const { reason } = error
  // RFC 6749 section 5.2. A rejected client is not a rejected grant: a wrong secret must not delete anybody's tokens.
  if (reason === 'grant-refused' || reason === 'subject-changed') {
    if ((await rows.drop(key, holder, context.env)) === undefined) return undefined
    emitEvent(settings, context, { type: 'tokens-gone', reason, subject: facts.provider })
    return { status: 'gone', reason }
  }

  await endLease(desk, held).catch(() => {})
  emitEvent(settings, context, { type: 'tokens-unavailable', reason, subject: facts.provider })
  return isUsable ? { status: 'ok', tokens } : { status: 'unavailable', reason }
}

/**
 * Stores a new refresh token before the rest of the response is validated. If it were lost, the old one would be sent
 * again, and a provider that sees a used refresh token revokes all tokens of the login.
 */
async function keepRotated(desk: TokenDesk, held: HeldLease, refreshToken: string): Promise<void> {
  held.rotated = refreshToken
  const { tokens } = held
  const changes = { refreshAt: desk.settings.clock(), keepsLease: true }
  held.isRotatedKept = await storeRow(desk, held, { ...tokens, refreshToken }, changes)
}

/** Ends the lease and pauses refreshes. It also stores a new refresh token that is not in the store yet. */
async function endLease(desk: TokenDesk, held: HeldLease): Promise<void> {
  const { rows, settings } = desk
  const { context, key, holder, tokens, rotated, isRotatedKept } = held
  const now = settings.clock()
  const pausedUntil = now + outagePause

  if (rotated === undefined || isRotatedKept === true) {
    await rows.release(key, holder, pausedUntil, context.env)
    return
  }
  await storeRow(desk, held, { ...tokens, refreshToken: rotated }, { refreshAt: now, pausedUntil })
}

/** Stores the tokens of a refresh, and for a recheck the result of `identify`. */
async function keepRefreshed(
  desk: TokenDesk,
  held: HeldLease,
  refreshed: RefreshedTokens,
): Promise<TokenResult> {
  const { settings } = desk
  const { context, tokens, recency } = held
  const subject = held.facts.provider
  const now = settings.clock()
  const { expiresAt, refreshAt } = planRefresh(refreshed.expiresIn, true, now)
  const { accessToken, refreshToken = tokens.refreshToken, idToken = tokens.idToken } = refreshed
  const next: KeptTokens = {
    ...tokens,
    accessToken,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(idToken !== undefined && { idToken }),
    expiresAt,
  }
  emitEvent(settings, context, { type: 'tokens-refreshed', subject })
  const complete = { ...next, refreshedAt: now }
  if (recency === undefined) return finishRefresh(desk, held, complete, { refreshAt })

  let identified: object | null | undefined
  try {
    // This may outlast the lease. The next holder then finds the new refresh token, which is already stored.
    identified = await recency.identify(refreshed)
  } catch {
    // It is unknown whether the person is still admitted, so the first request after the pause asks again.
    emitEvent(settings, context, { type: 'tokens-unavailable', reason: 'identify', subject })
    return finishRefresh(desk, held, next, { refreshAt, pausedUntil: now + outagePause })
  }
  return finishRefresh(desk, held, applyIdentified(complete, identified), { refreshAt })
}

/** Writes the tokens of a refresh. This request may use them even if the store is down. */
async function finishRefresh(
  desk: TokenDesk,
  held: HeldLease,
  tokens: KeptTokens,
  more: RowTimes,
): Promise<TokenResult> {
  if (!(await storeRow(desk, held, tokens, more))) {
    const event = { type: 'tokens-unavailable', reason: 'store-unavailable' } as const
    emitEvent(desk.settings, held.context, { ...event, subject: held.facts.provider })
  }
  return { status: 'ok', tokens }
}

function applyIdentified(tokens: KeptTokens, identified: object | null | undefined): KeptTokens {
  if (identified === undefined) return tokens
  const members = new Set([...tokens.members, ...Object.keys(identified ?? {})])
  return { ...tokens, identified, members: [...members] }
}

type RowTimes = Partial<RefreshedRow> & Pick<RefreshedRow, 'refreshAt'>

/**
 * Overwrites the row of a lease, with up to three more tries if the store is down.
 *
 * @returns whether the store answered
 */
async function storeRow(
  { rows, readSealer }: TokenDesk,
  { context, row, key, holder }: HeldLease,
  tokens: KeptTokens,
  more: RowTimes,
): Promise<boolean> {
  const { env } = context
  const sealed = await readSealer(env).seal(row, tokens)
  const { refreshedAt } = tokens

  for (const pauseMs of [...storePauses, undefined]) {
    try {
      // The result false also counts as an answer: another holder has written newer tokens.
      await rows.replace(key, { sealed, refreshedAt, holder, ...more }, env)
      return true
    } catch (error) {
      if (!isPortcullisError(error, 'ERR_STORE_UNAVAILABLE')) throw error
      if (pauseMs !== undefined) await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
  return false
}

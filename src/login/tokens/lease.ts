/**
 * Refreshes tokens exactly once: the isolate that holds the lease of a row asks the provider, the
 * others wait for it. `keep.ts` calls it. Its result is the tokens, or the reason why there are
 * none.
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

/** Milliseconds beyond the deadline of the token request: its holder is done, or was given up. */
const leaseMargin = 5000
/** Milliseconds of the margin that are for storing what the token request brought. */
const storeMargin = 4000
/** Pauses in milliseconds between tries to store what a refresh brought; all of them lie within the margin. */
const storePauses = [100, 300, 900]
/** Milliseconds for which nobody asks a provider that did not answer. */
const outagePause = 5000
/** Milliseconds that a token must still live to be handed out. */
const shortestLife = 2000
const longestWait = 250

/** The result of a request for tokens. */
export type TokenResult =
  | { readonly status: 'ok'; readonly tokens: KeptTokens }
  | { readonly status: 'gone'; readonly reason: string }
  | { readonly status: 'unavailable'; readonly reason: string }

/** Parts that a refresh works with. */
export interface TokenDesk {
  readonly settings: LoginSettings
  readonly rows: TokenRows
  readonly readSealer: (env: unknown) => RowSealer
}

/** A demand for tokens that are newer than `since`, with which the person is identified again. */
export interface Recency {
  readonly since: number
  readonly identify: IdentifyAgain
}

/** A lease of this request. Its members that change say how far the refresh has come. */
interface HeldLease {
  readonly context: TokenContext
  readonly facts: LoginFacts
  readonly row: string
  readonly key: string
  readonly holder: string
  /** The row as the lease found it. */
  readonly sealed: string
  readonly tokens: KeptTokens
  readonly recency: Recency | undefined
  /** Milliseconds that a lease lives. */
  readonly life: number
  /** Milliseconds since the epoch, read before the store was asked. */
  takenAt: number
  /** The new refresh token, from the moment that the provider issued it. */
  rotated?: string
  /** Whether the store holds the new refresh token. */
  isRotatedKept?: boolean
}

/** Another request refreshes these tokens by now, or has done so. */
class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError'
}

/** Tokens that work now. Refreshes them where that is due, exactly once in all isolates. */
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

  for (let waited = 0, turn = 0; waited <= lease + 1000; turn++) {
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
      const own = { holder, sealed, tokens, recency, life: lease, takenAt: now }
      const held: HeldLease = { context, facts, row, key, ...own }
      const result = await refreshHeld(desk, held, isUsable)
      if (result !== undefined) return result
      continue
    }
    const isPaused = taken.status === 'paused'
    const old = useOld(tokens, isUsable, isPaused, recency)
    if (old !== undefined) return old
    const pause = Math.min(longestWait, 20 * 2 ** Math.min(turn, 4)) * (0.5 + Math.random())
    await new Promise((done) => setTimeout(done, pause))
    waited += pause
  }
  return { status: 'unavailable', reason: 'lease-busy' }
}

/** Decides about tokens that are due while another request refreshes them, or nobody may; undefined: it waits. */
function useOld(
  tokens: KeptTokens,
  isUsable: boolean,
  isPaused: boolean,
  recency: Recency | undefined,
): TokenResult | undefined {
  // The old token still works. Who asks whether a person may still come in waits for the answer.
  if (isUsable && (recency === undefined || isPaused)) return { status: 'ok', tokens }
  return isPaused ? { status: 'unavailable', reason: 'paused' } : undefined
}

/** Refreshes as the holder of the lease; undefined where somebody else holds it by now. */
async function refreshHeld(
  desk: TokenDesk,
  held: HeldLease,
  isUsable: boolean,
): Promise<TokenResult | undefined> {
  const { rows, settings } = desk
  const { context, facts, key, holder, tokens } = held
  if (tokens.refreshToken === undefined) {
    // Nothing can be refreshed: the token is used to its end.
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
 * Makes sure that the lease outlives the request that sends the refresh token. Metadata of a provider that is slow, or a
 * first secret that was refused, may have used up its time: then the store must confirm that nobody else refreshes.
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
  // A store that takes seconds to answer would take as long to keep what the request brings.
  if (!isLong()) throw new LoginError('store-unavailable')
}

/** Ends the lease of a refresh that failed, and decides what its request gets. */
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
  // RFC 6749 section 5.2. A refused client is no refused grant: nobody loses tokens by a wrong secret.
  if (reason === 'grant-refused' || reason === 'subject-changed') {
    if ((await rows.drop(key, holder, context.env)) === undefined) return undefined
    emitEvent(settings, context, { type: 'tokens-gone', reason, subject: facts.provider })
    return { status: 'gone', reason }
  }

  await endLease(desk, held).catch(() => {})
  emitEvent(settings, context, { type: 'tokens-unavailable', reason, subject: facts.provider })
  return isUsable ? { status: 'ok', tokens } : { status: 'unavailable', reason }
}

/** Stores a new refresh token before anything else of its response counts: one that comes twice costs all of them. */
async function keepRotated(desk: TokenDesk, held: HeldLease, refreshToken: string): Promise<void> {
  held.rotated = refreshToken
  const { tokens } = held
  const more = { refreshAt: desk.settings.clock(), keepsLease: true }
  held.isRotatedKept = await storeRow(desk, held, { ...tokens, refreshToken }, more)
}

/** Ends the lease and pauses. A new refresh token that no store has yet goes along. */
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

/** Stores the tokens of a refresh, and with a demand for recency what `identify` makes of them. */
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
  const done = { ...next, refreshedAt: now }
  if (recency === undefined) return finishRefresh(desk, held, done, { refreshAt })

  let identified: object | null | undefined
  try {
    // It may take long. A lease that ends meanwhile finds the new refresh token, which is stored.
    identified = await recency.identify(refreshed)
  } catch {
    // Nobody knows whether the person may still come in: the first request after the pause asks again.
    emitEvent(settings, context, { type: 'tokens-unavailable', reason: 'identify', subject })
    return finishRefresh(desk, held, next, { refreshAt, pausedUntil: now + outagePause })
  }
  return finishRefresh(desk, held, applyIdentified(done, identified), { refreshAt })
}

/** Writes the tokens of a refresh. They serve this request also where no store keeps them. */
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

/** Writes over the row of a lease, with another try where the store is away. @returns whether a store has answered */
async function storeRow(
  { rows, readSealer }: TokenDesk,
  { context, row, key, holder }: HeldLease,
  tokens: KeptTokens,
  more: RowTimes,
): Promise<boolean> {
  const { env } = context
  const sealed = await readSealer(env).seal(row, tokens)
  const { refreshedAt } = tokens

  for (const pause of [...storePauses, undefined]) {
    try {
      // False is an answer, too: another holder has newer tokens.
      await rows.replace(key, { sealed, refreshedAt, holder, ...more }, env)
      return true
    } catch (error) {
      if (!isPortcullisError(error, 'ERR_STORE_UNAVAILABLE')) throw error
      if (pause !== undefined) await new Promise((done) => setTimeout(done, pause))
    }
  }
  return false
}

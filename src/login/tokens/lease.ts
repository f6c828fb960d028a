/** Tokens that are refreshed exactly once: whoever holds the lease of a row asks the provider, the others wait. */
import { randomId } from '../../crypto/index.ts'
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

interface HeldLease {
  readonly context: TokenContext
  readonly facts: LoginFacts
  readonly row: string
  readonly key: string
  readonly holder: string
  readonly tokens: KeptTokens
  readonly recency: Recency | undefined
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
      const held = { context, facts, row, key, holder, tokens, recency }
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
  const { env } = context
  const old: TokenResult = { status: 'ok', tokens }
  let rotated: string | undefined
  if (tokens.refreshToken === undefined) {
    // Nothing can be refreshed: the token is used to its end.
    await rows.release(key, holder, 0, env)
    return isUsable ? old : { status: 'gone', reason: 'no-refresh-token' }
  }
  try {
    const protocol = await connectProvider(settings, context, facts.provider)
    const result = await redeemRefreshToken(protocol, tokens.refreshToken)
    rotated = result.refresh_token
    const refreshed = await validateRefreshed(protocol, result, facts.sub)
    return await keepRefreshed(desk, held, refreshed)
  } catch (error) {
    if (!(error instanceof LoginError)) {
      await rows.release(key, holder, settings.clock() + outagePause, env).catch(() => {})
      throw error
    }
    const { reason } = error
    // RFC 6749 section 5.2. A refused client is no refused grant: nobody loses tokens by a wrong secret.
    if (reason === 'grant-refused' || reason === 'subject-changed') {
      if ((await rows.drop(key, holder, env)) === undefined) return undefined
      emitEvent(settings, context, { type: 'tokens-gone', reason, subject: facts.provider })
      return { status: 'gone', reason }
    }
    await keepRotated(desk, held, rotated).catch(() => {})
    emitEvent(settings, context, { type: 'tokens-unavailable', reason, subject: facts.provider })
    return isUsable ? old : { status: 'unavailable', reason }
  }
}

/** Ends the lease of a refresh that failed. A new refresh token stays: one that comes twice costs all of them. */
async function keepRotated(
  desk: TokenDesk,
  held: HeldLease,
  refreshToken: string | undefined,
): Promise<void> {
  const { rows, settings } = desk
  const { context, key, holder, tokens } = held
  const now = settings.clock()
  const pausedUntil = now + outagePause
  if (refreshToken === undefined) await rows.release(key, holder, pausedUntil, context.env)
  else await writeRow(desk, held, { ...tokens, refreshToken }, { refreshAt: now, pausedUntil })
}

/** Stores what a refresh brought before anything else: the provider takes the old refresh token no longer. */
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
  const done = { ...next, refreshedAt: now }
  const write = (value: KeptTokens, more: Partial<RefreshedRow>): Promise<boolean> =>
    writeRow(desk, held, value, { refreshAt, ...more })

  if (recency === undefined) {
    await write(done, {})
    emitEvent(settings, context, { type: 'tokens-refreshed', subject })
    return { status: 'ok', tokens: done }
  }
  // `identify` may take long, and a lease that ends meanwhile must find the new refresh token.
  await write(next, { keepsLease: true })
  emitEvent(settings, context, { type: 'tokens-refreshed', subject })
  let identified: object | null | undefined
  try {
    identified = await recency.identify(refreshed)
  } catch {
    // Nobody knows whether the person may still come in: the first request after the pause asks again.
    emitEvent(settings, context, { type: 'tokens-unavailable', reason: 'identify', subject })
    await write(next, { pausedUntil: now + outagePause })
    return { status: 'ok', tokens: next }
  }
  const checked = applyIdentified(done, identified)
  await write(checked, {})
  return { status: 'ok', tokens: checked }
}

function applyIdentified(tokens: KeptTokens, identified: object | null | undefined): KeptTokens {
  if (identified === undefined) return tokens
  const members = new Set([...tokens.members, ...Object.keys(identified ?? {})])
  return { ...tokens, identified, members: [...members] }
}

async function writeRow(
  { rows, readSealer }: TokenDesk,
  { context, row, key, holder }: HeldLease,
  tokens: KeptTokens,
  more: Partial<RefreshedRow> & Pick<RefreshedRow, 'refreshAt'>,
): Promise<boolean> {
  const { env } = context
  const sealed = await readSealer(env).seal(row, tokens)
  return rows.replace(key, { sealed, refreshedAt: tokens.refreshedAt, holder, ...more }, env)
}

/**
 * Implements the operations of a login on the tokens of its sessions, over any store of rows: store,
 * delete, revoke, read and recheck. `memoryTokens()` and `redisTokens()` call `keepTokens`, and so do
 * applications with a store of their own; the login then calls the operations for its requests.
 *
 * Reading rejects with `ERR_TOKEN_GONE` where the row is missing or the provider rejects the refresh
 * token, and with `ERR_TOKEN_UNAVAILABLE` where the provider does not answer and the old token has
 * expired. Errors of the store pass through, except in `revoke`, which never rejects. A refresh is
 * given to `waitUntil`, so that it ends even if the client disconnects.
 */
import { randomId } from '../../crypto/index.ts'
import { PortcullisError } from '../../errors.ts'
import { connectProvider, emitEvent } from '../context.ts'
import { readPerson } from '../flow/person.ts'
import { revokeTokens } from '../protocol/refresh.ts'
import type { LoginSettings } from '../settings.ts'
import { LoginError, type LoginFacts } from '../types.ts'
import type {
  IdentifyAgain,
  KeptTokens,
  LoginTokens,
  Recheck,
  TokenContext,
  TokenOption,
  TokenRows,
} from './contract.ts'
import { obtainTokens, type TokenDesk } from './lease.ts'
import { revalidateSession } from './revalidate.ts'
import { createReadSealer, planRefresh } from './sealed-row.ts'

/**
 * Stores tokens in a store of your own, for the option `tokens` of `login()`.
 *
 * @example
 * login({ tokens: keepTokens(rowsInMyDatabase), session, providers })
 */
export function keepTokens(rows: TokenRows): TokenOption {
  return { createTokens: (settings) => createTokens(rows, settings) }
}

function createTokens(rows: TokenRows, settings: LoginSettings): LoginTokens {
  const { clock } = settings
  const readSealer = createReadSealer(settings)
  const desk: TokenDesk = { settings, rows, readSealer }
  return {
    async keep({ env }, set, identified) {
      const sealer = readSealer(env)
      const row = randomId(24)
      const now = clock()
      const { accessToken, refreshToken, idToken, expiresIn } = set
      const { expiresAt, refreshAt } = planRefresh(expiresIn, refreshToken !== undefined, now)
      const tokens: KeptTokens = {
        accessToken,
        ...(refreshToken !== undefined && { refreshToken }),
        ...(idToken !== undefined && { idToken }),
        expiresAt,
        refreshedAt: now,
        members: Object.keys(identified),
      }
      const sealed = await sealer.seal(row, tokens)
      const { life } = sealer
      await rows.put(await sealer.readKey(row), { sealed, refreshAt, refreshedAt: now, life }, env)
      return row
    },
    async drop({ env }, row) {
      const sealer = readSealer(env)
      const sealed = await rows.drop(await sealer.readKey(row), undefined, env)
      return sealed ? sealer.open(row, sealed) : undefined
    },
    async revoke(context, facts, kept) {
      try {
        const protocol = await connectProvider(settings, context, facts.provider)
        await revokeTokens(protocol, kept)
      } catch (error) {
        // The user has been signed out of this site already, so the failure is only reported.
        const reason = error instanceof LoginError ? error.reason : 'fault'
        const subject = facts.provider
        emitEvent(settings, context, { type: 'tokens-unavailable', reason, subject })
      }
    },
    readAccessToken: (context, facts) => readAccessToken(desk, context, facts),
    recheck: (context, facts) => recheck(desk, context, facts),
    revalidate: (context, session) =>
      revalidateSession(settings, (facts) => recheck(desk, context, facts), { context, session }),
  }
}

/** Keeps work alive if the client disconnects: a refresh that is cut off loses the new tokens. */
function keepAlive<T>({ waitUntil }: TokenContext, work: Promise<T>): Promise<T> {
  waitUntil?.(work.catch(() => {}))
  return work
}

async function readAccessToken(
  desk: TokenDesk,
  context: TokenContext,
  facts: LoginFacts,
): Promise<string> {
  const result = await keepAlive(context, obtainTokens(desk, context, facts))
  if (result.status === 'ok') return result.tokens.accessToken
  if (result.status === 'gone') {
    throw new PortcullisError(
      'ERR_TOKEN_GONE',
      'The provider accepts the tokens of this session no longer, or their row is missing: ' +
        'the user must sign in again',
    )
  }
  throw new PortcullisError(
    'ERR_TOKEN_UNAVAILABLE',
    'The access token has expired and cannot be renewed, because the provider does not answer: ' +
      'try again in some seconds',
  )
}

async function recheck(
  desk: TokenDesk,
  context: TokenContext,
  facts: LoginFacts,
): Promise<Recheck | undefined> {
  const { checkedAt } = facts
  const identify = createIdentifyAgain(desk.settings, context, facts)
  const recency = { since: checkedAt ?? 0, identify }
  const result = await keepAlive(context, obtainTokens(desk, context, facts, recency))
  if (result.status === 'gone') return { status: 'revoked', reason: result.reason }
  if (result.status === 'unavailable') return undefined

  const { tokens } = result
  if (tokens.identified === null) return { status: 'revoked', reason: 'not-admitted' }
  // The provider does not answer, so its last answer stays in force.
  if (tokens.refreshedAt <= (checkedAt ?? 0)) return undefined
  return { status: 'checked', tokens }
}

/** Creates the function that runs `identify` on the claims of a refresh, or on those of the userinfo endpoint. */
function createIdentifyAgain(
  settings: LoginSettings,
  context: TokenContext,
  facts: LoginFacts,
): IdentifyAgain {
  return async ({ accessToken, claims }) => {
    const protocol = await connectProvider(settings, context, facts.provider)
    const { provider, metadata } = protocol
    const canAsk = metadata.userinfo_endpoint !== undefined || provider.options.oauth !== undefined
    if (claims === undefined && !canAsk) return undefined

    const source = { facts, accessToken, ...(claims !== undefined && { claims }) }
    const person = await readPerson(protocol, source, (event) =>
      emitEvent(settings, context, event),
    )
    return (person && (await settings.identify(person))) ?? null
  }
}

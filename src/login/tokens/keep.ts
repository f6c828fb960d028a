/**
 * Implements the operations of a login on tokens that are kept, over any store of rows.
 * `memoryTokens`, `redisTokens` and stores of applications are wrapped by it. It rejects with
 * `ERR_TOKEN_GONE` or `ERR_TOKEN_UNAVAILABLE`.
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
 * Keeps tokens in a store of your own, for the option `tokens` of `login()`.
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
        // The person is signed out here in any case.
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

/** Work that must end although its client leaves: a refresh that is cut off loses the new tokens. */
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
      'The tokens of this session are gone: sign in again',
    )
  }
  throw new PortcullisError(
    'ERR_TOKEN_UNAVAILABLE',
    'The provider is unavailable, so the token cannot be renewed',
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
  // The provider is away: what it said last holds.
  if (tokens.refreshedAt <= (checkedAt ?? 0)) return undefined
  return { status: 'checked', tokens }
}

/** Runs `identify` on what a refresh brought: undefined where it brought no claims, null where nobody is admitted. */
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

/**
 * Collects the claims of a person, from the id token and where configured from the userinfo
 * endpoint, and turns them into the argument of `identify`. The callback (`flow/callback.ts`), bearer
 * tokens (`bearer/`) and the renewal of kept tokens (`tokens/keep.ts`) call it.
 *
 * It returns undefined where the provider's option `accept` denies the person. It throws a
 * `LoginError` where the userinfo request fails or is about another subject; errors that `accept` or
 * `mapClaims` throw pass through.
 */

import type { Emit } from '../../types.ts'
import { createIdentity, type Identity } from '../identify.ts'
import { type ProtocolContext, readUserinfo } from '../protocol/protocol.ts'
import type { Claims, LoginFacts } from '../types.ts'

/** Where the claims of a person come from. */
export interface PersonSource {
  readonly facts: LoginFacts
  readonly accessToken: string
  /** Claims of the id token, or of a provider without OpenID Connect. */
  readonly claims?: Claims
}

/** Reads the identity of a person; undefined where the provider must not sign this person in. */
export async function readPerson(
  protocol: ProtocolContext,
  { facts, accessToken, claims }: PersonSource,
  emit: Emit,
): Promise<Identity | undefined> {
  const { options, clientId } = protocol.provider
  const needsUserinfo = options.userinfo === true || claims === undefined
  const subject = claims?.sub ?? (options.subject === undefined ? facts.sub : undefined)
  const userinfo = needsUserinfo
    ? await readUserinfo(protocol, accessToken, subject as string | undefined)
    : undefined
  // The id token is signed, so its claims replace those of the userinfo endpoint.
  const allClaims = { ...userinfo, ...claims }
  if (options.accept?.(allClaims) === false) return undefined

  const mappedClaims = options.mapClaims?.(allClaims, { clientId }) ?? allClaims
  return createIdentity(facts, mappedClaims, emit)
}

/**
 * Collects the claims of a person for `identify`. The callback, bearer tokens and kept tokens call
 * it. It returns undefined where the provider must not sign this person in, and throws a
 * `LoginError` where claims cannot be fetched.
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
  const asks = options.userinfo === true || claims === undefined
  const subject = claims?.sub ?? (options.subject === undefined ? facts.sub : undefined)
  const more = asks
    ? await readUserinfo(protocol, accessToken, subject as string | undefined)
    : undefined
  // The id token is signed, so its claims win.
  const all = { ...more, ...claims }
  if (options.accept?.(all) === false) return undefined

  return createIdentity(facts, options.mapClaims?.(all, { clientId }) ?? all, emit)
}

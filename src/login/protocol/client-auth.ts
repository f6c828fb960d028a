/**
 * Authenticates this application at a provider: describes the client to oauth4webapi, and tries its
 * secrets one after the other. `protocol.ts` and `refresh.ts` run each token request in `withSecret`.
 *
 * A client that the provider rejects with every secret throws a `LoginError` `client-refused`; other
 * errors of the request are mapped to a `LoginError` by `library-errors.ts`. An authenticator such as
 * `privateKeyJwt()` or `apple()` whose key cannot be imported rejects with the platform's error.
 * Since each secret means one more request, `work` must be safe to repeat.
 */
import * as oauth from 'oauth4webapi'
import { LoginError } from '../types.ts'
import { type LibraryStep, mapLibraryError } from './library-errors.ts'
import type { ProtocolContext } from './protocol.ts'

/** Describes the client to the library, with the clock and the tolerance of the login. */
export function createClient({ provider, clock, tolerance }: ProtocolContext): oauth.Client {
  return {
    client_id: provider.clientId,
    [oauth.clockSkew]: Math.round((clock() - Date.now()) / 1000),
    [oauth.clockTolerance]: tolerance,
  }
}

type WithClient<T> = (client: oauth.Client, auth: oauth.ClientAuth) => Promise<T>

/**
 * Runs `work` with the client's secret. If the provider rejects the first secret, it runs once more with the second.
 */
export async function withSecret<T>(
  context: ProtocolContext,
  step: LibraryStep,
  work: WithClient<T>,
): Promise<T> {
  const client = createClient(context)
  const auths = await createClientAuths(context)
  for (const [index, auth] of auths.entries()) {
    try {
      return await work(client, auth)
    } catch (error) {
      const loginError = mapLibraryError(error, step)
      if (loginError.reason !== 'client-refused' || index === auths.length - 1) throw loginError
    }
  }
  throw new LoginError('client-refused')
}

async function createClientAuths(context: ProtocolContext): Promise<oauth.ClientAuth[]> {
  const { provider, metadata, clock } = context
  const { auth, secrets, clientId, proof } = provider
  if (proof !== undefined) return [await proof({ clientId, metadata, clock })]
  if (auth === 'client_secret_basic') {
    return secrets.map((secret) => oauth.ClientSecretBasic(secret))
  }
  if (auth === 'client_secret_post') {
    return secrets.map((secret) => oauth.ClientSecretPost(secret))
  }
  return [oauth.None()]
}

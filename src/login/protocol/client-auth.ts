/**
 * Describes the client to oauth4webapi, and proves it with one of its secrets. `protocol.ts` and
 * `refresh.ts` call it. A client that the provider rejects with every secret is a `LoginError`
 * `client-refused`.
 */
import * as oauth from 'oauth4webapi'
import { LoginError } from '../types.ts'
import { type LibraryStep, mapLibraryError } from './library-errors.ts'
import type { ProtocolContext } from './protocol.ts'

/** The client, with our clock and tolerance. */
export function createClient({ provider, clock, tolerance }: ProtocolContext): oauth.Client {
  return {
    client_id: provider.clientId,
    [oauth.clockSkew]: Math.round((clock() - Date.now()) / 1000),
    [oauth.clockTolerance]: tolerance,
  }
}

type WithClient<T> = (client: oauth.Client, auth: oauth.ClientAuth) => Promise<T>

/** Does something as the client. A second secret is tried once where the first is refused. */
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
  if (auth === 'client_secret_basic') return secrets.map((one) => oauth.ClientSecretBasic(one))
  if (auth === 'client_secret_post') return secrets.map((one) => oauth.ClientSecretPost(one))
  return [oauth.None()]
}

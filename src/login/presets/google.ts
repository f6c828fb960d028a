/**
 * Options of Google accounts and Google Workspace as a provider. Applications pass the result to
 * `providers`. Nothing is sent here; invalid options are a `ConfigError` of the login.
 */
import type { ProjectEnv } from '../../types.ts'
import type { ProviderOptions } from '../providers/provider-options.ts'
import type { Claims } from '../types.ts'
import { acceptBoth, type PresetOptions, withoutUndefined } from './preset.ts'

/** Options of {@link google}. */
export interface GoogleOptions<E = ProjectEnv> extends PresetOptions<E> {
  /** Admits accounts of these Workspace domains only. Default every Google account. */
  readonly domain?: string | readonly string[]
  /** Asks for a refresh token, which Google issues only with a question to the person. Default false. */
  readonly offline?: boolean
}

/**
 * Signs people in with their Google account. Google has no logout page and sends no logout tokens.
 *
 * @see https://developers.google.com/identity/openid-connect/openid-connect
 * @example
 * login({ session, providers: { google: google({ clientId, clientSecret, domain: 'acme.example' }) } })
 */
export function google<E = ProjectEnv>(options: GoogleOptions<E>): ProviderOptions<E> {
  const { domain, offline, accept, params, ...rest } = options
  const domains = typeof domain === 'string' ? [domain] : domain
  // The parameter only chooses what the page shows: the claim is what counts.
  const isOwn = domains && ((claims: Claims) => domains.includes(claims.hd as string))
  const hd = domains?.length === 1 ? domains[0] : domains && '*'
  return withoutUndefined({
    label: 'Google',
    ...rest,
    issuer: 'https://accounts.google.com',
    accept: acceptBoth(isOwn, accept),
    params: withoutUndefined({ ...params, hd, access_type: offline ? 'offline' : undefined }),
    prompt: rest.prompt ?? (offline ? 'consent' : undefined),
  }) as ProviderOptions<E>
}

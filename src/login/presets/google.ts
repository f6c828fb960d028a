/**
 * Creates the provider options of Google accounts and Google Workspace. Applications call `google()`
 * and pass the result to the option `providers` of a login, which validates it and reports wrong
 * options as `ERR_CONFIG`.
 *
 * It sends nothing and validates nothing. With `domain`, people whose token has another `hd` claim,
 * or none, are denied at the callback: the parameter `hd` only changes what Google's page shows.
 */
import type { ProjectEnv } from '../../types.ts'
import type { ProviderOptions } from '../providers/provider-options.ts'
import type { Claims } from '../types.ts'
import { acceptBoth, type PresetOptions, withoutUndefined } from './preset.ts'

/** Options of {@link google}. */
export interface GoogleOptions<E = ProjectEnv> extends PresetOptions<E> {
  /** Admits only accounts of these Workspace domains. Default every Google account. */
  readonly domain?: string | readonly string[]
  /** Requests a refresh token, for which Google asks the person for consent at each login. Default false. */
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
  // The parameter `hd` only changes Google's page, and a person can remove it, so the claim decides.
  const isMember = domains && ((claims: Claims) => domains.includes(claims.hd as string))
  const hd = domains?.length === 1 ? domains[0] : domains && '*'

  return withoutUndefined({
    label: 'Google',
    ...rest,
    issuer: 'https://accounts.google.com',
    accept: acceptBoth(isMember, accept),
    params: withoutUndefined({ ...params, hd, access_type: offline ? 'offline' : undefined }),
    prompt: rest.prompt ?? (offline ? 'consent' : undefined),
  }) as ProviderOptions<E>
}

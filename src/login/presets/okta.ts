/**
 * Options of Okta as a provider: the organization's own server, or a custom authorization server.
 * Applications pass the result to `providers`. Nothing is sent here; invalid options are a
 * `ConfigError` of the login.
 */
import type { FromEnv, ProjectEnv } from '../../types.ts'
import type { ProviderOptions } from '../providers/provider-options.ts'
import { mapFromEnv, type PresetOptions, withoutUndefined } from './preset.ts'

/** Options of {@link okta}. */
export interface OktaOptions<E = ProjectEnv> extends PresetOptions<E> {
  /** Host of the organization, such as `acme.okta.com`, or its own domain. */
  readonly domain: FromEnv<string, E>
  /** A custom authorization server, such as `default`. Default the organization's own. */
  readonly authorizationServer?: string
}

/**
 * Signs people in with Okta. The scope `groups` is asked for, so `roles('groups', …)` works where the
 * application has a groups claim.
 *
 * @see https://developer.okta.com/docs/reference/api/oidc/
 * @example
 * login({ session, providers: { okta: okta({ domain: 'acme.okta.com', clientId, clientSecret }) } })
 */
export function okta<E = ProjectEnv>(options: OktaOptions<E>): ProviderOptions<E> {
  const { domain, authorizationServer, ...rest } = options
  const path = authorizationServer === undefined ? '' : `/oauth2/${authorizationServer}`
  return withoutUndefined({
    label: 'Okta',
    scope: 'openid profile email groups',
    ...rest,
    issuer: mapFromEnv(domain, (host) => `https://${host}${path}`),
  }) as ProviderOptions<E>
}

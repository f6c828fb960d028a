/**
 * Creates the provider options of Okta, for an organization's own server or a custom authorization
 * server. Applications call `okta()` and pass the result to the option `providers` of a login, which
 * validates it and reports wrong options as `ERR_CONFIG`. It sends nothing and validates nothing: a
 * wrong `domain` or `authorizationServer` gives an issuer whose metadata cannot be fetched.
 */
import type { FromEnv, ProjectEnv } from '../../types.ts'
import type { ProviderOptions } from '../providers/provider-options.ts'
import { mapFromEnv, type PresetOptions, withoutUndefined } from './preset.ts'

/** Options of {@link okta}. */
export interface OktaOptions<E = ProjectEnv> extends PresetOptions<E> {
  /** Host of the organization, such as `acme.okta.com`, or its own domain. */
  readonly domain: FromEnv<string, E>
  /** Id of a custom authorization server, such as `default`. Default: the organization's own server. */
  readonly authorizationServer?: string
}

/**
 * Signs people in with Okta. The login requests the scope `groups`, so `roles('groups', …)` works where a groups claim
 * is configured for the application in Okta.
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

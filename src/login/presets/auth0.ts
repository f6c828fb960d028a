/**
 * Options of Auth0 as a provider. Applications pass the result to `providers`. Nothing is sent
 * here; invalid options are a `ConfigError` of the login.
 */
import type { FromEnv, ProjectEnv } from '../../types.ts'
import type { ProviderOptions } from '../providers/provider-options.ts'
import type { Claims } from '../types.ts'
import { mapFromEnv, type PresetOptions, withoutUndefined } from './preset.ts'

/** Options of {@link auth0}. */
export interface Auth0Options<E = ProjectEnv> extends PresetOptions<E> {
  /** Host of the tenant, such as `acme.eu.auth0.com`, or its own domain. */
  readonly domain: FromEnv<string, E>
  /** The API that access tokens are for; Auth0's own parameter `audience`. */
  readonly audience?: string
  /** An organization that people sign in to. */
  readonly organization?: string
}

/**
 * Signs people in with Auth0. Custom claims have names that are URLs: `roles('https://acme.example/roles', …)`.
 *
 * @see https://auth0.com/docs/get-started/applications/configure-applications-with-oidc-discovery
 * @example
 * login({ session, providers: { auth0: auth0({ domain: 'acme.eu.auth0.com', clientId, clientSecret }) } })
 */
export function auth0<E = ProjectEnv>(options: Auth0Options<E>): ProviderOptions<E> {
  const { domain, audience, organization, params, ...rest } = options
  return withoutUndefined({
    label: 'Auth0',
    ...rest,
    // Its issuer ends with a slash.
    issuer: mapFromEnv(domain, (host) => `https://${host}/`),
    params: withoutUndefined({ ...params, audience, organization }),
    // Organizations section 4: the claim must be the one that was asked for.
    accept:
      organization === undefined
        ? rest.accept
        : (claims: Claims) =>
            [claims.org_id, claims.org_name].includes(organization) &&
            rest.accept?.(claims) !== false,
  }) as ProviderOptions<E>
}

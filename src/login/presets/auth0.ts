/**
 * Creates the provider options of Auth0. Applications call `auth0()` and pass the result to the
 * option `providers` of a login, which validates it and reports wrong options as `ERR_CONFIG`.
 *
 * It sends nothing and validates nothing: a `domain` that is not a host gives an issuer that the
 * login rejects, or metadata that cannot be fetched. With `organization`, the login denies people
 * whose token names another organization.
 */
import type { FromEnv, ProjectEnv } from '../../types.ts'
import type { ProviderOptions } from '../providers/provider-options.ts'
import type { Claims } from '../types.ts'
import { mapFromEnv, type PresetOptions, withoutUndefined } from './preset.ts'

/** Options of {@link auth0}. */
export interface Auth0Options<E = ProjectEnv> extends PresetOptions<E> {
  /** Host of the tenant, such as `acme.eu.auth0.com`, or its own domain. */
  readonly domain: FromEnv<string, E>
  /** Identifier of the API that access tokens are for, sent as Auth0's own parameter `audience`. Default none. */
  readonly audience?: string
  /** Id or name of the organization whose members may sign in. Default: every user of the tenant. */
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
    // The issuer of Auth0 ends with a slash.
    issuer: mapFromEnv(domain, (host) => `https://${host}/`),
    params: withoutUndefined({ ...params, audience, organization }),
    // Auth0 requires clients to check that the token names the organization that was requested.
    accept:
      organization === undefined
        ? rest.accept
        : (claims: Claims) =>
            [claims.org_id, claims.org_name].includes(organization) &&
            rest.accept?.(claims) !== false,
  }) as ProviderOptions<E>
}

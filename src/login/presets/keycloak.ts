/**
 * Options of Keycloak as a provider. Applications pass the result to `providers`. Nothing is sent
 * here; invalid options are a `ConfigError` of the login.
 */
import { withoutSlashAtEnd } from '../../options/index.ts'
import type { FromEnv, ProjectEnv } from '../../types.ts'
import type { ProviderOptions } from '../providers/provider-options.ts'
import { type Claims, isObject } from '../types.ts'
import { mapFromEnv, type PresetOptions, withoutUndefined } from './preset.ts'

/** Options of {@link keycloak}. */
export interface KeycloakOptions<E = ProjectEnv> extends PresetOptions<E> {
  /** Where Keycloak is, such as `https://id.acme.example`. */
  readonly url: FromEnv<string, E>
  /** The name of the realm. */
  readonly realm: string
  /** Sends the parameters by the back channel (RFC 9126). */
  readonly par?: boolean
}

/**
 * Signs people in with Keycloak. `roles('realm_roles', …)` and `roles('client_roles', …)` read the roles of
 * the realm and of this client, which Keycloak nests; a mapper must add them to the id token, or to
 * userinfo with `userinfo: true`.
 *
 * @see https://www.keycloak.org/securing-apps/oidc-layers
 * @example
 * login({ session, providers: { acme: keycloak({ url, realm: 'acme', clientId, clientSecret }) } })
 */
export function keycloak<E = ProjectEnv>(options: KeycloakOptions<E>): ProviderOptions<E> {
  const { url, realm, ...rest } = options
  const path = `/realms/${encodeURIComponent(realm)}`
  return withoutUndefined({
    label: realm,
    ...rest,
    issuer: mapFromEnv(url, (at) => `${withoutSlashAtEnd(at)}${path}`),
    mapClaims,
  }) as ProviderOptions<E>
}

function mapClaims(claims: Claims, { clientId }: { readonly clientId: string }): Claims {
  const clients = isObject(claims.resource_access) ? claims.resource_access : {}
  const own = Object.hasOwn(clients, clientId) ? clients[clientId] : undefined
  return { ...claims, realm_roles: readRoles(claims.realm_access), client_roles: readRoles(own) }
}

function readRoles(access: unknown): unknown {
  return isObject(access) && Array.isArray(access.roles) ? access.roles : []
}

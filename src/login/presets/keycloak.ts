/**
 * Creates the provider options of a Keycloak realm. Applications call `keycloak()` and pass the
 * result to the option `providers` of a login, which validates it and reports wrong options as
 * `ERR_CONFIG`; the callback calls the `mapClaims` in it.
 *
 * It sends nothing and validates nothing: a wrong `url` or `realm` gives an issuer whose metadata
 * cannot be fetched. Roles that are missing from the claims, or of another form, become empty lists.
 */
import { withoutSlashAtEnd } from '../../options/index.ts'
import type { FromEnv, ProjectEnv } from '../../types.ts'
import type { ProviderOptions } from '../providers/provider-options.ts'
import { type Claims, isObject } from '../types.ts'
import { mapFromEnv, type PresetOptions, withoutUndefined } from './preset.ts'

/** Options of {@link keycloak}. */
export interface KeycloakOptions<E = ProjectEnv> extends PresetOptions<E> {
  /** Address of Keycloak, such as `https://id.acme.example`. */
  readonly url: FromEnv<string, E>
  /** The name of the realm. */
  readonly realm: string
  /** Sends the parameters of a login directly to Keycloak instead of through the browser (PAR, RFC 9126). */
  readonly par?: boolean
}

/**
 * Signs people in with Keycloak. `roles('realm_roles', …)` and `roles('client_roles', …)` read the roles of
 * the realm and of this client. Configure a mapper in Keycloak that adds them to the id token, or to
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
    issuer: mapFromEnv(url, (address) => `${withoutSlashAtEnd(address)}${path}`),
    mapClaims,
  }) as ProviderOptions<E>
}

/** Copies the roles, which Keycloak nests in objects, to the two flat claims. */
function mapClaims(claims: Claims, { clientId }: { readonly clientId: string }): Claims {
  const clients = isObject(claims.resource_access) ? claims.resource_access : {}
  const access = Object.hasOwn(clients, clientId) ? clients[clientId] : undefined
  return { ...claims, realm_roles: readRoles(claims.realm_access), client_roles: readRoles(access) }
}

function readRoles(access: unknown): unknown {
  return isObject(access) && Array.isArray(access.roles) ? access.roles : []
}

/**
 * Options and helpers that all presets share. The presets call it, and applications call `oidc()`
 * for a provider without a preset. It validates nothing: the login does.
 */
import type { FromEnv, ProjectEnv } from '../../types.ts'
import type { ProviderOptions } from '../providers/provider-options.ts'
import type { Claims } from '../types.ts'

/** Options that a preset passes on as they are. */
export type PresetOptions<E = ProjectEnv> = Pick<
  ProviderOptions<E>,
  | 'clientId'
  | 'clientSecret'
  | 'auth'
  | 'scope'
  | 'params'
  | 'prompt'
  | 'maxAge'
  | 'acr'
  | 'userinfo'
  | 'accept'
  | 'label'
>

/**
 * Any OpenID Connect provider, for symmetry beside presets: returns its options as they are.
 *
 * @example
 * ```ts
 * const providers = { work: oidc({ issuer: 'https://id.example.com', clientId, clientSecret }) }
 * ```
 */
export function oidc<E = ProjectEnv>(options: ProviderOptions<E>): ProviderOptions<E> {
  return options
}

/** A value made of another, where that may come from the environment. */
export function mapFromEnv<E>(
  value: FromEnv<string, E>,
  map: (value: string) => string,
): FromEnv<string, E> {
  if (typeof value !== 'function') return map(value)
  return (c) => {
    const found = value(c)
    return found === undefined ? undefined : map(found)
  }
}

/** The members of a record that are not undefined. */
export function withoutUndefined<T extends object>(record: T): T {
  const entries = Object.entries(record).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as T
}

/** Both conditions; a condition that is absent holds. */
export function acceptBoth(
  first: ((claims: Claims) => boolean) | undefined,
  second: ((claims: Claims) => boolean) | undefined,
): ((claims: Claims) => boolean) | undefined {
  if (first === undefined || second === undefined) return first ?? second
  return (claims) => first(claims) && second(claims)
}

/**
 * Options and helper functions that all presets share, and `oidc()`. The presets in this folder call
 * the helpers; applications call `oidc()` for a provider without a preset. It validates nothing: the
 * login does so, and reports wrong options as `ERR_CONFIG`.
 */
import type { FromEnv, ProjectEnv } from '../../types.ts'
import type { ProviderOptions } from '../providers/provider-options.ts'
import type { Claims } from '../types.ts'

/** Options that a preset passes on unchanged. */
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
 * Returns the options of any OpenID Connect provider unchanged, so that a provider without a preset is written like the
 * others.
 *
 * @example
 * ```ts
 * const providers = { work: oidc({ issuer: 'https://id.example.com', clientId, clientSecret }) }
 * ```
 */
export function oidc<E = ProjectEnv>(options: ProviderOptions<E>): ProviderOptions<E> {
  return options
}

/** Applies a function to a value that may be read from the environment later. */
export function mapFromEnv<E>(
  value: FromEnv<string, E>,
  map: (value: string) => string,
): FromEnv<string, E> {
  if (typeof value !== 'function') return map(value)
  return (c) => {
    const resolved = value(c)
    return resolved === undefined ? undefined : map(resolved)
  }
}

/** Copies a record without the members that are undefined. */
export function withoutUndefined<T extends object>(record: T): T {
  const entries = Object.entries(record).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as T
}

/** Joins two conditions with "and". A condition that is undefined accepts everybody. */
export function acceptBoth(
  first: ((claims: Claims) => boolean) | undefined,
  second: ((claims: Claims) => boolean) | undefined,
): ((claims: Claims) => boolean) | undefined {
  if (first === undefined || second === undefined) return first ?? second
  return (claims) => first(claims) && second(claims)
}

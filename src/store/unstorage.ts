/**
 * Entry point `portcullis/store/unstorage`: any unstorage driver as a store of sessions.
 * Applications pass `unstorageStore()` to `storedSessions`. It has three verbs only, so parallel
 * requests may lose writes; it rejects as the driver does.
 */
import { createIssues, resolveFrom } from '../options/index.ts'
import type { FromEnv, ProjectEnv } from '../types.ts'
import type { SimpleStore } from './contract.ts'

/** The part of an unstorage `Storage` that is used. It is declared here, so that other projects need no package. */
export interface UnstorageLike {
  /** The text under this key, or null. */
  getItem(key: string, options?: Record<string, unknown>): Promise<unknown> | unknown
  /** Keeps a text under this key. */
  setItem(key: string, value: string, options?: Record<string, unknown>): Promise<unknown> | unknown
  /** Forgets it. */
  removeItem(key: string, options?: Record<string, unknown>): Promise<unknown> | unknown
}

/**
 * Adapts an unstorage `Storage`, such as `createStorage({ driver })`, or a function that finds one in the environment.
 * Drivers that know `ttl` (Redis, Upstash, Cloudflare, Deno and Vercel KV) forget a session once nobody wrote it for
 * `maxAge`; in others it reads as expired when it is too old, and stays until you clear it.
 *
 * It has no atomic verbs: parallel requests may lose writes and undo a logout, and there is no list of a user's sessions.
 * A driver that is only eventually consistent (Cloudflare KV) also shows an ended session for up to a minute elsewhere.
 *
 * @example
 * ```ts
 * const sessions = storedSessions({ secret, store: unstorageStore(createStorage({ driver })) })
 * ```
 * @returns for the option `store`, which calls it once with the longest life of a session in seconds.
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function unstorageStore<E = ProjectEnv>(
  storage: FromEnv<UnstorageLike, E>,
): (args: { readonly maxAge: number }) => SimpleStore {
  const issues = createIssues()
  const storageOf = resolveFrom(issues, 'storage', storage, (value: UnstorageLike, at) => {
    const verbs = ['getItem', 'setItem', 'removeItem'] as const
    if (!verbs.every((verb) => typeof value?.[verb] === 'function'))
      at.add('', 'must be an unstorage Storage')
    return value
  })
  issues.throwIfAny()
  return ({ maxAge }) => ({
    get: (key, { env }) => storageOf(env).getItem(prefixKey(key)),
    set: async (key, value, { env }) => {
      await storageOf(env).setItem(prefixKey(key), value, { ttl: maxAge })
    },
    delete: async (key, { env }) => {
      await storageOf(env).removeItem(prefixKey(key))
    },
  })
}

/** A name space of its own. Digests have none of the characters that unstorage reads in a key: `:`, `/`, `?`, `$`. */
function prefixKey(key: string): string {
  return `portcullis:${key}`
}

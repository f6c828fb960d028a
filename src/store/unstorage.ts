/**
 * Entry point `portcullis/store/unstorage`: uses any unstorage driver as a store of sessions.
 * Applications pass `unstorageStore()` to `storedSessions`, which calls the result once with `maxAge`.
 *
 * A value that is not an unstorage `Storage` throws `ERR_CONFIG`, at the first request if it comes from
 * the environment. The verbs reject with the driver's error, which sessions turn into
 * `ERR_STORE_UNAVAILABLE`. There are three verbs only, so parallel requests may lose writes and undo a
 * logout, and sessions of a user cannot be listed.
 */
import { createIssues, resolveFrom } from '../options/index.ts'
import type { FromEnv, ProjectEnv } from '../types.ts'
import type { SimpleStore } from './contract.ts'

/** The part of an unstorage `Storage` that is used. It is declared here, so that other projects need no package. */
export interface UnstorageLike {
  /** Returns the text under this key, or null. */
  getItem(key: string, options?: Record<string, unknown>): Promise<unknown> | unknown
  /** Stores a text under this key. */
  setItem(key: string, value: string, options?: Record<string, unknown>): Promise<unknown> | unknown
  /** Deletes the text under this key. */
  removeItem(key: string, options?: Record<string, unknown>): Promise<unknown> | unknown
}

/**
 * Adapts an unstorage `Storage`, such as `createStorage({ driver })`, or a function that returns one from the
 * environment. Drivers with `ttl` (Redis, Upstash, Cloudflare, Deno and Vercel KV) delete a session that was not
 * written for `maxAge`. With other drivers an old session reads as expired, and its value stays until you delete it.
 *
 * It has no atomic verbs: parallel requests may lose writes and undo a logout, and there is no list of a user's
 * sessions. A driver that is only eventually consistent (Cloudflare KV) also shows an ended session for up to a minute
 * elsewhere.
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
  const readStorage = resolveFrom(
    issues,
    'storage',
    storage,
    (value: UnstorageLike, valueIssues) => {
      const verbs = ['getItem', 'setItem', 'removeItem'] as const
      if (!verbs.every((verb) => typeof value?.[verb] === 'function'))
        valueIssues.add('', 'must be an unstorage Storage, such as createStorage({ driver })')
      return value
    },
  )
  issues.throwIfAny()
  return ({ maxAge }) => ({
    get: (key, { env }) => readStorage(env).getItem(prefixKey(key)),
    set: async (key, value, { env }) => {
      await readStorage(env).setItem(prefixKey(key), value, { ttl: maxAge })
    },
    delete: async (key, { env }) => {
      await readStorage(env).removeItem(prefixKey(key))
    },
  })
}

/** Adds a prefix. Keys are digests, without the characters that unstorage interprets: `:`, `/`, `?`, `$`. */
function prefixKey(key: string): string {
  return `portcullis:${key}`
}

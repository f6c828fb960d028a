/**
 * Defines Lua scripts: named, flagged for Upstash, and known to Redis by their digest. Stores and
 * limiters create theirs when they are imported. An invalid name or source is a `ConfigError`.
 */
import { createIssues } from '../options/index.ts'

/** A script as rooms hold it: made once, at module scope, and given to any number of clients. */
export interface Script {
  /** For messages, events, and whoever reads Redis's slow log. */
  readonly name: string
  /** Whether it is sent even while Redis counts as away; see {@link markUrgent}. */
  readonly urgent?: boolean
  /** The text that is sent; `plain` for a Redis that refuses the flag. */
  text(plain: boolean): string
  /** SHA-1 of {@link text}, by which EVALSHA calls it: at hand once it was worked out. */
  digest(plain: boolean): string | Promise<string>
}

/**
 * A script that declares all its keys in KEYS. Upstash then locks these keys only; a key that is made inside a script is
 * refused there. Numbers come and go as text: Lua prints them with 14 digits.
 *
 * @example
 * ```ts
 * const increment = script('increment', "return redis.call('INCR', KEYS[1])")
 * const count = await client.call(c.env, increment, ['visits'], [])
 * ```
 * @param name - dashed, at most 64 characters: `session-read`
 * @param source - Lua without a `#!` line, which is added
 * @throws {ConfigError} `ERR_CONFIG` for another name or source
 */
export function script(name: string, source: string): Script {
  const list = createIssues('script')
  // It becomes a line of the source.
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(name))
    list.add('name', 'must be lower-case letters, digits and dashes, at most 64')
  if (source.trimStart().startsWith('#!'))
    list.add('source', 'must not begin with #!: that line is added')
  list.throwIfAny()
  // Both forms have the same lines, so that Redis's errors name the same ones.
  return createScript(
    name,
    `#!lua flags=allow-key-locking\n-- ${name}\n${source}`,
    `-- ${name}\n\n${source}`,
  )
}

/**
 * A script that ends sessions: it is sent even while Redis counts as away. A logout is worth waiting for the time
 * limit, since whatever it does not reach lives on.
 */
export function markUrgent(ending: Script): Script {
  return { ...ending, urgent: true }
}

/** A script in its two forms. */
export function createScript(name: string, flagged: string, plain: string): Script {
  const digests: [flagged?: string, plain?: string] = []
  return {
    name,
    text: (asPlain) => (asPlain ? plain : flagged),
    digest: (asPlain) =>
      digests[asPlain ? 1 : 0] ??
      sha1(asPlain ? plain : flagged).then((digest) => {
        digests[asPlain ? 1 : 0] = digest
        return digest
      }),
  }
}

/** In hex, as Redis has it. It finds a script and protects nothing. */
async function sha1(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text)))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/**
 * Defines Lua scripts for Redis: each has a name, a line with flags for Upstash, and a digest by
 * which Redis finds it. Stores, limiters, the throttle, the monitor and the console create theirs
 * when they are imported, and batches send them; applications may create their own with `script()`.
 * An invalid name or source throws a `ConfigError`. The Lua text itself is not checked: its errors
 * appear when Redis runs it.
 */
import { createIssues } from '../options/index.ts'

/** A script. Create it once at module scope, and pass it to any number of clients. */
export interface Script {
  /** The name for messages, events and Redis's slow log. */
  readonly name: string
  /** Whether the script is sent even while Redis counts as unavailable; see {@link markUrgent}. */
  readonly urgent?: boolean
  /** Returns the text to send. `plain` is for a Redis that rejects the flag. */
  text(plain: boolean): string
  /**
   * Returns the SHA-1 of {@link text}, by which EVALSHA calls the script: a text once it was
   * computed, before that a promise.
   */
  digest(plain: boolean): string | Promise<string>
}

/**
 * Creates a script that declares all its keys in KEYS. Upstash then locks only these keys, and
 * rejects a key whose name the script computes itself. Numbers are passed and returned as text,
 * because Lua prints them with 14 digits.
 *
 * @example
 * ```ts
 * const increment = script('increment', "return redis.call('INCR', KEYS[1])")
 * const count = await client.call(c.env, increment, ['visits'], [])
 * ```
 * @param name - lower-case letters, digits and dashes, at most 64 characters: `session-read`
 * @param source - Lua without a `#!` line, which is added
 * @throws {ConfigError} `ERR_CONFIG` for another name or source
 */
export function script(name: string, source: string): Script {
  const list = createIssues('script')
  // The name becomes a line of the source.
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(name))
    list.add(
      'name',
      'must begin with a lower-case letter and hold at most 64 letters, digits and dashes',
    )
  if (source.trimStart().startsWith('#!'))
    list.add('source', 'must not begin with a #! line, because one is added')
  list.throwIfAny()
  // Both forms have the same number of lines, so that Redis's errors name the same line.
  return createScript(
    name,
    `#!lua flags=allow-key-locking\n-- ${name}\n${source}`,
    `-- ${name}\n\n${source}`,
  )
}

/**
 * Marks a script that ends sessions: it is sent even while Redis counts as unavailable. A logout is
 * worth waiting for the time limit, since every session that it does not reach stays alive.
 */
export function markUrgent(endScript: Script): Script {
  return { ...endScript, urgent: true }
}

/** Creates a script from its two forms. */
export function createScript(name: string, flaggedText: string, plainText: string): Script {
  const digests: [ofFlagged?: string, ofPlain?: string] = []
  return {
    name,
    text: (asPlain) => (asPlain ? plainText : flaggedText),
    digest: (asPlain) =>
      digests[asPlain ? 1 : 0] ??
      sha1(asPlain ? plainText : flaggedText).then((digest) => {
        digests[asPlain ? 1 : 0] = digest
        return digest
      }),
  }
}

/**
 * Returns the SHA-1 in hex, as Redis writes it. It only identifies a script and protects nothing.
 */
async function sha1(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text)))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

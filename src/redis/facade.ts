/**
 * Defines the two methods of a Redis client that `@upstash/ratelimit` calls, and stores the scripts
 * that this library sends. A batch implements the client, so that the library's commands are sent
 * with all others of a request; each client of `redis()` has one store of scripts. It throws
 * nothing. All other methods are missing, so features of the library that need them fail with a
 * `TypeError`. After 64 scripts, all are forgotten and sent in full again.
 */
import { createScript, type Script } from './script.ts'

/**
 * The client to pass to the library: `Ratelimit.slidingWindow(10, '60 s')().limit({ redis:
 * batch.facade, prefix }, key)`. The library calls `evalsha` before it awaits anything, so the call
 * is in the batch once `limit` has returned: send the batch, then await the promise. Dynamic
 * limits, analytics and deny lists need further methods and do not work with it.
 */
export interface ScriptFacade {
  /** Runs a script that Redis knows by its SHA-1. */
  evalsha<T = unknown>(
    digest: string,
    redisKeys: readonly string[],
    args?: readonly unknown[],
  ): Promise<T>
  /** Runs a script by its text. */
  eval<T = unknown>(
    source: string,
    redisKeys: readonly string[],
    args?: readonly unknown[],
  ): Promise<T>
}

/** Scripts of other libraries, by the SHA-1 digest that those libraries send. */
export interface ForeignScripts {
  get(digest: string): Script | undefined
  /**
   * Stores a script that a library sent in full. A batch can then send it in full itself, and
   * without its `#!` line to a Redis that does not know the flags in it.
   */
  keep(script: Script): Promise<void>
}

/**
 * The most stored scripts. A library has about a dozen; one that writes values into its sources
 * must not fill the memory.
 */
const maxScripts = 64

/** Creates the store of one client. When it is full, it forgets all scripts. */
export function createForeignScripts(): ForeignScripts {
  const scripts = new Map<string, Script>()
  return {
    get: (digest) => scripts.get(digest),
    async keep(script): Promise<void> {
      const digest = await script.digest(false)
      if (scripts.has(digest)) return
      if (scripts.size >= maxScripts) scripts.clear()
      scripts.set(digest, script)
    },
  }
}

/**
 * Creates a script from a source that may begin with a `#!` line. In its plain form a comment
 * replaces that line, so that line numbers stay.
 */
export function parseForeignScript(source: string): Script {
  return createScript('foreign', source, source.replace(/^#![^\n]*/, '--'))
}

/** Converts arguments to the texts that Redis receives. */
export function toTexts(args: readonly unknown[] = []): string[] {
  return args.map((arg) => (typeof arg === 'string' ? arg : `${JSON.stringify(arg)}`))
}

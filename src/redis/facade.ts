/**
 * Defines the part of a Redis client that `@upstash/ratelimit` calls, and keeps the scripts that it
 * sends. `batch.ts` implements the client, so that the library's commands go out with all others of
 * a request; clients keep the scripts. A command other than these two does not exist.
 */
import { createScript, type Script } from './script.ts'

/**
 * The client for `Ratelimit.slidingWindow(10, '60 s')().limit({ redis: batch.facade, prefix }, key)`. The library calls
 * `evalsha` before it awaits anything, so the call is in the batch once `limit` has returned: send the batch, then await
 * the promise. Dynamic limits, analytics and deny lists need further commands and do not work with it.
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
   * Keeps a script that a library sent in full. A batch can then send it in full by itself, and without its `#!` line to a
   * Redis that does not know the flags in it.
   */
  keep(script: Script): Promise<void>
}

/** A library has about a dozen scripts; one that writes values into its sources must not fill the memory. */
const maxScripts = 64

/** Creates the memory of a client. When it is full, it forgets all scripts. */
export function createForeignScripts(): ForeignScripts {
  const known = new Map<string, Script>()
  return {
    get: (digest) => known.get(digest),
    async keep(script): Promise<void> {
      const digest = await script.digest(false)
      if (known.has(digest)) return
      if (known.size >= maxScripts) known.clear()
      known.set(digest, script)
    },
  }
}

/** Parses a script that may begin with a `#!` line. The plain form has a comment there, so that line numbers stay. */
export function parseForeignScript(source: string): Script {
  return createScript('foreign', source, source.replace(/^#![^\n]*/, '--'))
}

/** Converts arguments to the texts that Redis receives. */
export function toTexts(args: readonly unknown[] = []): string[] {
  return args.map((arg) => (typeof arg === 'string' ? arg : `${JSON.stringify(arg)}`))
}

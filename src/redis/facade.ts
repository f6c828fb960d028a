/**
 * Imitates the client that `@upstash/ratelimit` expects, so that its scripts are sent with
 * everything else of a request. `batch.ts` creates it for the Upstash limiter. It has only the
 * commands that library uses.
 */
import { createScript, type Script } from './script.ts'

/**
 * `Ratelimit.slidingWindow(10, '60 s')().limit({ redis: ask.facade, prefix }, key)` calls `evalsha` before it waits for
 * anything, so the call is in the Ask when `limit` returns its promise: send, then await it. There is no other command;
 * dynamic limits, analytics and deny lists are not for it.
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

/** Scripts of other libraries, by the digest under which those ask for them. */
export interface ForeignScripts {
  get(digest: string): Script | undefined
  /** Keeps what a library sent in full, so that from then on we can resend it, and send it without the flag. */
  keep(script: Script): Promise<void>
}

/** A library has about a dozen; one that writes values into its sources must not fill the memory. */
const maxScripts = 64

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

/** A script that comes with a `#!` line of its own. */
export function parseForeignScript(source: string): Script {
  return createScript('foreign', source, source.replace(/^#![^\n]*/, '--'))
}

/** Arguments as Redis gets them. */
export function toTexts(args: readonly unknown[] = []): string[] {
  return args.map((arg) => (typeof arg === 'string' ? arg : `${JSON.stringify(arg)}`))
}

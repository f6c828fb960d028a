/** Reads addresses for a guard: the gateway behind it knows pages alone. */
import { ConfigError, type ConfigIssue } from '../errors.ts'
import type { Gateway } from '../gateway/create.ts'
import { isLoopbackHost, readHost, readUrlHost } from '../request/index.ts'
import type { FromEnv } from '../types.ts'
import { moveRequest, withHost } from './asked-request.ts'
import { keepNonce } from './guard-headers.ts'
import { completeLocation } from './guard-location.ts'
import { findNextUrl, readNextAddress } from './next-address.ts'
import { learnConfig } from './next-learning.ts'
import type { NextConfig } from './next-options.ts'

/** A gateway that was made for one reading of next.config. */
export interface GuardGateway<E> {
  readonly gateway: Gateway<E>
  readonly config: NextConfig
  /** Whether the policy of pages is only measured. */
  readonly observes: boolean
}

/** The options of a guard that decide how addresses are read. */
interface Front<E> {
  readonly given: { readonly publicOrigin: FromEnv<string, E>; readonly signIn?: string }
  /** Paths of the routes, without `/*` at their ends. */
  readonly routes: readonly string[]
  create(config: NextConfig, publicOrigin: FromEnv<string, E>): GuardGateway<E>
}

/**
 * Hands the gateway the page that an address leads to, and the client the address of whatever it
 * is sent to.
 */
export function readAddresses<E>(first: GuardGateway<E>, front: Front<E>): Gateway<E> {
  const { given } = front
  let current = first
  let refusing: { readonly message: string; readonly gateway: Gateway<E> } | undefined

  /** A gateway that serves nothing, and says why in the log. */
  function refuseAll(faults: readonly ConfigIssue[]): Gateway<E> {
    const error = new ConfigError(faults)
    if (refusing?.message !== error.message) {
      const { gateway } = front.create(current.config, () => {
        throw error
      })
      refusing = { message: error.message, gateway }
    }
    return refusing.gateway
  }

  return {
    scheduled: (event, env, context) => current.gateway.scheduled(event, env, context),
    async fetch(request, env, context): Promise<Response> {
      const nextUrl = findNextUrl(request)
      const learned = nextUrl && learnConfig(current.config, nextUrl, front.routes)
      if (learned !== undefined && learned !== current.config)
        current = front.create(learned, given.publicOrigin)
      const { config, gateway, observes } = current
      const url = askedUrl(request, given.publicOrigin, env)
      const [origin, path, search] = splitUrl(url)
      const address = readNextAddress(path, nextUrl, config)
      const answering = address.faults.length > 0 ? refuseAll(address.faults) : gateway
      const response = await answering.fetch(
        moveRequest(request, origin + address.page + search),
        env,
        context,
      )
      if (observes) keepNonce(response)
      completeLocation(response, address, {
        signIn: given.signIn,
        trailingSlash: config.trailingSlash,
      })
      return response
    },
  }
}

/**
 * The url at the host that the client asked for; without one, as the optimizer of images asks,
 * at the public origin.
 */
function askedUrl<E>(
  request: Request,
  publicOrigin: FromEnv<string, E>,
  env: E | undefined,
): string {
  const asked = readHost(request.headers)
  if (asked.type === 'host') return withHost(request.url, asked.host)
  const local = findNextUrl(request) !== undefined || isLoopbackHost(readUrlHost(request.url))
  if (asked.type === 'malformed' || !local) return request.url
  const [, path, search] = splitUrl(request.url)
  try {
    const origin =
      typeof publicOrigin === 'function' ? publicOrigin({ env: (env ?? {}) as E }) : publicOrigin
    return origin !== undefined && URL.canParse(origin)
      ? new URL(origin).origin + path + search
      : request.url
  } catch {
    return request.url // The gateway says what is wrong with it.
  }
}

/** A url in three, without its fragment: nothing in it is decoded or mended. */
function splitUrl(url: string): readonly [origin: string, path: string, search: string] {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  const [text = ''] = url.split('#', 1)
  if (start === -1) return [text, '/', '']
  const question = text.indexOf('?')
  const end = question === -1 ? text.length : question
  return [text.slice(0, start), text.slice(start, end), text.slice(end)]
}

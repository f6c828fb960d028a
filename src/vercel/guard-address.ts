/**
 * Reads addresses for a guard: the gateway behind it knows pages, and the client knows addresses.
 * `guard.ts` wraps its gateway with it. An error of the gateway is thrown on.
 */
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
export function readAddresses<E>(
  firstGateway: GuardGateway<E>,
  addressOptions: Front<E>,
): Gateway<E> {
  const { given: givenOptions } = addressOptions
  let current = firstGateway
  let refusing: { readonly message: string; readonly gateway: Gateway<E> } | undefined

  /** Creates a gateway that serves nothing, and logs the reason. */
  function refuseAll(configIssues: readonly ConfigIssue[]): Gateway<E> {
    const error = new ConfigError(configIssues)
    if (refusing?.message !== error.message) {
      const { gateway } = addressOptions.create(current.config, () => {
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
      const learnedConfig = nextUrl && learnConfig(current.config, nextUrl, addressOptions.routes)
      if (learnedConfig !== undefined && learnedConfig !== current.config)
        current = addressOptions.create(learnedConfig, givenOptions.publicOrigin)

      const { config, gateway, observes } = current
      const requestedUrl = askedUrl(request, givenOptions.publicOrigin, env)
      const [origin, path, search] = splitUrl(requestedUrl)
      const address = readNextAddress(path, nextUrl, config)
      const answering = address.faults.length > 0 ? refuseAll(address.faults) : gateway
      const response = await answering.fetch(
        moveRequest(request, origin + address.page + search),
        env,
        context,
      )

      if (observes) keepNonce(response)
      completeLocation(response, address, {
        signIn: givenOptions.signIn,
        trailingSlash: config.trailingSlash,
      })

      return response
    },
  }
}

/**
 * Returns the URL at the host that the client requested; at the public origin for a request without
 * a host, such as those of the image optimizer.
 */
function askedUrl<E>(
  request: Request,
  publicOrigin: FromEnv<string, E>,
  env: E | undefined,
): string {
  const requestedHost = readHost(request.headers)
  if (requestedHost.type === 'host') return withHost(request.url, requestedHost.host)
  const isLocal = findNextUrl(request) !== undefined || isLoopbackHost(readUrlHost(request.url))
  if (requestedHost.type === 'malformed' || !isLocal) return request.url
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
  const [urlText = ''] = url.split('#', 1)
  if (start === -1) return [urlText, '/', '']
  const question = urlText.indexOf('?')
  const end = question === -1 ? urlText.length : question

  return [urlText.slice(0, start), urlText.slice(start, end), urlText.slice(end)]
}

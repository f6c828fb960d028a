/**
 * Wraps the gateway of a guard for Next. It passes the gateway the page to which an address leads, without base path
 * and locale, and completes the Location of the gateway's redirects. `guard.ts` calls it. It learns base path and
 * locales from Next, and creates a new gateway when it has learned something. If Next shows another configuration than
 * the option `next`, every request gets 503 and the issues are reported. Errors of creating a gateway reject.
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

/** A gateway that was created for one configuration of Next. */
export interface GuardGateway<E> {
  readonly gateway: Gateway<E>
  readonly config: NextConfig
  /** True if the content security policy is only reported and not enforced. */
  readonly observes: boolean
}

/** The options of a guard that decide how addresses are read. */
interface AddressOptions<E> {
  readonly given: { readonly publicOrigin: FromEnv<string, E>; readonly signIn?: string }
  /** Paths of the routes, without `/*` at their ends. */
  readonly routes: readonly string[]
  /** Creates a gateway for a configuration of Next. */
  create(config: NextConfig, publicOrigin: FromEnv<string, E>): GuardGateway<E>
}

/**
 * Wraps a gateway: requests are passed to it at the page to which their address leads, and redirects
 * are completed to addresses that clients can request.
 */
export function readAddresses<E>(
  firstGateway: GuardGateway<E>,
  addressOptions: AddressOptions<E>,
): Gateway<E> {
  const { given: givenOptions } = addressOptions
  let current = firstGateway
  let failing: { readonly message: string; readonly gateway: Gateway<E> } | undefined

  /** Returns a gateway that responds with 503 to every request and reports the issues. */
  function findFailingGateway(configIssues: readonly ConfigIssue[]): Gateway<E> {
    const error = new ConfigError(configIssues)
    if (failing?.message !== error.message) {
      const { gateway } = addressOptions.create(current.config, () => {
        throw error
      })
      failing = { message: error.message, gateway }
    }

    return failing.gateway
  }

  return {
    scheduled: (event, env, context) => current.gateway.scheduled(event, env, context),
    async fetch(request, env, context): Promise<Response> {
      const nextUrl = findNextUrl(request)
      const learnedConfig = nextUrl && learnConfig(current.config, nextUrl, addressOptions.routes)
      if (learnedConfig !== undefined && learnedConfig !== current.config)
        current = addressOptions.create(learnedConfig, givenOptions.publicOrigin)

      const { config, gateway, observes } = current
      const requestedUrl = readRequestedUrl(request, givenOptions.publicOrigin, env)
      const [origin, path, search] = splitUrl(requestedUrl)
      const address = readNextAddress(path, nextUrl, config)
      const servingGateway =
        address.faults.length > 0 ? findFailingGateway(address.faults) : gateway
      const response = await servingGateway.fetch(
        moveRequest(request, origin + address.page + search),
        env,
        context,
      )

      if (observes) keepNonce(response)
      const publicOrigin = readPublicOrigin(givenOptions.publicOrigin, env) ?? ''
      completeLocation(response, address, {
        hosts: [readUrlHost(requestedUrl), readUrlHost(publicOrigin)],
        signIn: givenOptions.signIn,
        trailingSlash: config.trailingSlash,
      })

      return response
    },
  }
}

/**
 * Returns the URL of a request with the host that the client requested. A request of Next itself without
 * a host, such as one of the image optimizer, gets the public origin.
 */
function readRequestedUrl<E>(
  request: Request,
  publicOrigin: FromEnv<string, E>,
  env: E | undefined,
): string {
  const requestedHost = readHost(request.headers)
  if (requestedHost.type === 'host') return withHost(request.url, requestedHost.host)
  const isLocal = findNextUrl(request) !== undefined || isLoopbackHost(readUrlHost(request.url))
  if (requestedHost.type === 'malformed' || !isLocal) return request.url
  const [, path, search] = splitUrl(request.url)
  const origin = readPublicOrigin(publicOrigin, env)
  return origin === undefined ? request.url : origin + path + search
}

/** Returns the public origin of an environment. Returns undefined where it is no URL: the gateway reports why. */
function readPublicOrigin<E>(
  publicOrigin: FromEnv<string, E>,
  env: E | undefined,
): string | undefined {
  try {
    const origin =
      typeof publicOrigin === 'function' ? publicOrigin({ env: (env ?? {}) as E }) : publicOrigin
    return origin !== undefined && URL.canParse(origin) ? new URL(origin).origin : undefined
  } catch {
    return undefined
  }
}

/** Splits a URL into origin, path and query, without its fragment. Nothing is decoded or normalized. */
function splitUrl(url: string): readonly [origin: string, path: string, search: string] {
  const pathStart = url.indexOf('/', url.indexOf('://') + 3)
  const [urlText = ''] = url.split('#', 1)
  if (pathStart === -1) return [urlText, '/', '']
  const question = urlText.indexOf('?')
  const pathEnd = question === -1 ? urlText.length : question

  return [urlText.slice(0, pathStart), urlText.slice(pathStart, pathEnd), urlText.slice(pathEnd)]
}

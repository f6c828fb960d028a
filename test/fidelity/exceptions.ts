/**
 * Differences that are meant or cannot be mended: exceptions.json lists where they are, this file why, and docs/runtimes.md says
 * both in words. One that is gone is a failure too. `node tools/test-fidelity.ts --write` writes the list anew.
 */
import { readFileSync } from 'node:fs'

/** Cases by difference: those that differ, or all but those that do not. */
export type Exceptions = Record<string, Record<string, { only?: string[]; allBut?: string[] }>>

export const exceptionsFile = 'test/fidelity/exceptions.json'

export function readExceptions(): Exceptions {
  return JSON.parse(readFileSync(exceptionsFile, 'utf8')) as Exceptions
}

/** Why a difference may be there. One that none of these covers may not be named. */
export const reasons: ReadonlyArray<readonly [runtimes: RegExp, differences: RegExp, why: string]> =
  [
    [
      /./,
      /^upstream: lost (?:te|proxy-connection)$/,
      'fields between two hops end at each (RFC 9110 section 7.6.1)',
    ],
    [
      /./,
      /^upstream: request line$/,
      'a lone ? is no query; a fetch escapes a query as URL parsers do',
    ],
    [/./, /^client: lost via$/, 'marks of servers are taken off answers'],
    [
      /./,
      /^client: framing chunked$/,
      'what ends with its connection, or was decoded, goes on in chunks',
    ],
    [
      /^node/,
      /^(?:upstream: asked or not|client: status 400)$/,
      "Node's parser takes no bytes beyond ASCII in a target",
    ],
    [
      /^workerd$/,
      /^upstream: added (?:cache-control|pragma)$/,
      "cache: 'no-store' keeps the zone's cache out",
    ],
    [
      /^workerd$/,
      /^upstream: (?:cookie|sec-websocket-key)$/,
      'lists are joined by commas; the handshake is its own',
    ],
    [
      /^workerd$/,
      /^client: (?:status 502|content-length|body|its end|trailers)$/,
      'its HTTP: interim answers, chunks',
    ],
    [/^workerd|^bun$/, /^upstream: framing length$/, 'Content-Length: 0 where there is no body'],
    [
      /^deno$|^bun$/,
      /^upstream: added (?:accept|accept-language|user-agent|accept-encoding)$/,
      'its fetch adds them',
    ],
    [
      /^deno$/,
      /^upstream: (?:framing chunked|accept-encoding)$/,
      'its fetch sends streams in chunks and decodes',
    ],
    [
      /^deno$/,
      /^client: (?:lost content-encoding|body|status 502|framing close)$/,
      'its fetch decodes and bounds heads',
    ],
    [
      /^deno$|^bun$/,
      /^(?:upstream: asked or not|client: status (?:501|400))$/,
      'no WebSockets; Bun takes no trailer fields',
    ],
    [
      /^deno$|^bun$/,
      /^client: (?:interim answers|trailers|reason|added date|content-length)$/,
      'its server',
    ],
    [
      /^bun$/,
      /^client: (?:added content-type|framing length|answered or not|status 502)$/,
      'its server and its fetch',
    ],
  ]

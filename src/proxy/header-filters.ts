/**
 * Decides which headers are not forwarded, in each direction: hop-by-hop headers, and headers that only a gateway may
 * set. The proxy calls it for each header of a request and a response; the guard for Vercel and the Node server use
 * parts of it; the gateway and `proxy()` validate the option `dropHeaders` with it. It does not throw. An invalid
 * `dropHeaders` is reported as an issue. A name that is not listed is forwarded.
 */
import type { Issues } from '../options/index.ts'
import { identityBeginnings, identityNames, webhookNames } from './identity-names.ts'

// RFC 9110 section 7.6.1, and names of older proxies. Names with `proxy` are in `identityBeginnings`.
const hopByHop = [
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]

const strippedNames: ReadonlySet<string> = new Set([
  ...hopByHop,
  'expect',
  // The URL of the upstream decides the host, and some runtimes would send the client's value.
  'host',
  ...identityNames,
])

const webhooks: ReadonlySet<string> = new Set(webhookNames)

/** The prefixes by first letter, or by the letter after `x-`, so that a name is compared with a few prefixes only. */
const strippedPrefixes: ReadonlyMap<number, readonly string[]> = groupByLetter(identityBeginnings)

// A character other than lower-case letters, digits and hyphens. `\W` would not find `_`.
const unusualCharacter = /[^a-z\d-]/

/**
 * Whether a request header of the client is not forwarded. That includes every name with characters other than letters,
 * digits and hyphens: CGI, WSGI and others read `X_Real_IP` and `X-Real-IP` as one variable, lighttpd `X.Real.IP` too.
 * nginx drops such headers.
 *
 * @param name - in lower case, as Headers lists names.
 */
export function isStrippedRequestHeader(name: string): boolean {
  if (strippedNames.has(name) || unusualCharacter.test(name)) return true
  const candidates = strippedPrefixes.get(readGroupLetter(name))
  if (candidates === undefined) return false
  for (const prefix of candidates) if (name.startsWith(prefix)) return !webhooks.has(name)

  return false
}

const hopByHopResponse: ReadonlySet<string> = new Set([
  ...hopByHop,
  'proxy-connection',
  'proxy-authenticate',
  'proxy-status',
  // Timings of an upstream reveal whether a look-up has found something.
  'server-timing',
])

/**
 * Whether a response header of the upstream is not forwarded: hop-by-hop headers, timings, and headers of this gateway.
 */
export function isStrippedResponseHeader(name: string): boolean {
  return (
    hopByHopResponse.has(name) ||
    name.startsWith('portcullis') ||
    name.startsWith('secure-session-')
  )
}

/**
 * Reads the names that a Connection header lists (RFC 9110 section 7.6.1), in lower case; undefined without the header.
 */
export function connectionOptions(connection: string | null): ReadonlySet<string> | undefined {
  if (connection === null) return undefined
  return new Set(connection.split(',').map((optionName) => optionName.trim().toLowerCase()))
}

function groupByLetter(names: readonly string[]): Map<number, string[]> {
  const letters = new Map<number, string[]>()
  for (const groupName of names) {
    const groupLetter = readGroupLetter(groupName)
    letters.set(groupLetter, [...(letters.get(groupLetter) ?? []), groupName])
  }

  return letters
}

function readGroupLetter(headerName: string): number {
  return headerName.startsWith('x-') ? 256 + headerName.charCodeAt(2) : headerName.charCodeAt(0)
}

/**
 * Validates `dropHeaders`: a list of names, and of prefixes that end in `*`. Returns undefined if the option is absent.
 */
export function checkDropHeaders(
  dropHeaders: unknown,
  issues: Issues,
): ((name: string) => boolean) | undefined {
  if (dropHeaders === undefined) return undefined
  const nameList: readonly unknown[] = Array.isArray(dropHeaders) ? dropHeaders : []
  if (nameList.length === 0)
    issues.add('dropHeaders', 'must be a non-empty list of header names, or absent')

  const names = new Set<string>()
  const prefixes: string[] = []
  for (const [index, nameInput] of nameList.entries()) {
    const lowerName = typeof nameInput === 'string' ? nameInput.toLowerCase() : ''
    if (!/^[a-z\d-]{1,126}[a-z\d*-]$/.test(lowerName)) {
      issues.add(
        `dropHeaders.${index}`,
        'must be the name of a header, or a prefix such as X-Company-*',
      )
    } else if (lowerName.endsWith('*')) prefixes.push(lowerName.slice(0, -1))
    else names.add(lowerName)
  }

  return (headerName) =>
    names.has(headerName) || prefixes.some((namePrefix) => headerName.startsWith(namePrefix))
}

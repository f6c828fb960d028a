/**
 * Decides which headers stop at the gateway, in each direction. Forwarding, the Vercel guard and
 * the Node server call it for each header. It is pure; an invalid `dropHeaders` is reported as an
 * issue.
 */
import type { Issues } from '../options/index.ts'
import { identityBeginnings, identityNames, webhookNames } from './identity-names.ts'

// RFC 9110 section 7.6.1, and what older proxies call so. `proxy-*` is below.
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
  // The upstream's URL decides it; some runtimes would send the client's value.
  'host',
  ...identityNames,
])

const webhooks: ReadonlySet<string> = new Set(webhookNames)

/** By first letter, of `x-` by the one behind it, so that a common header is compared with a few beginnings. */
const strippedPrefixes: ReadonlyMap<number, readonly string[]> = groupByLetter(identityBeginnings)

// In lower case. Not a word boundary: `_` is one of those it is about.
const unusual = /[^a-z\d-]/

/**
 * Whether a request header of the client stops here. Every name does that holds more than letters, digits and hyphens: CGI,
 * WSGI and many more read `X_Real_IP` and `X-Real-IP` as one variable, lighttpd `X.Real.IP` too. nginx drops such headers.
 *
 * @param name - in lower case, as Headers iterates them.
 */
export function isStrippedRequestHeader(name: string): boolean {
  if (strippedNames.has(name) || unusual.test(name)) return true
  const candidates = strippedPrefixes.get(readGroupLetter(name))
  if (candidates === undefined) return false
  for (const beginning of candidates) if (name.startsWith(beginning)) return !webhooks.has(name)

  return false
}

const hopByHopResponse: ReadonlySet<string> = new Set([
  ...hopByHop,
  'proxy-connection',
  'proxy-authenticate',
  'proxy-status',
  // How long a look-up took tells whether there was something to find.
  'server-timing',
])

/** Whether a response header of the upstream stops here: hop-by-hop, its timings, and every name this gateway speaks itself. */
export function isStrippedResponseHeader(name: string): boolean {
  return (
    hopByHopResponse.has(name) ||
    name.startsWith('portcullis') ||
    name.startsWith('secure-session-')
  )
}

/** Names a Connection header lists (RFC 9110 section 7.6.1), in lower case. */
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

/** Validates `dropHeaders`: names, and beginnings that end in `*`. Undefined where none is named. */
export function checkDropHeaders(
  dropHeaders: unknown,
  issues: Issues,
): ((name: string) => boolean) | undefined {
  if (dropHeaders === undefined) return undefined
  const nameList: readonly unknown[] = Array.isArray(dropHeaders) ? dropHeaders : []
  if (nameList.length === 0)
    issues.add('dropHeaders', 'must be a non-empty list of header names, or absent')

  const names = new Set<string>()
  const families: string[] = []
  for (const [index, nameInput] of nameList.entries()) {
    const lowerName = typeof nameInput === 'string' ? nameInput.toLowerCase() : ''
    if (!/^[a-z\d-]{1,126}[a-z\d*-]$/.test(lowerName)) {
      issues.add(
        `dropHeaders.${index}`,
        'must be the name of a header, or a prefix such as X-Company-*',
      )
    } else if (lowerName.endsWith('*')) families.push(lowerName.slice(0, -1))
    else names.add(lowerName)
  }

  return (headerName) =>
    names.has(headerName) || families.some((namePrefix) => headerName.startsWith(namePrefix))
}

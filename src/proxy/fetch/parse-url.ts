/**
 * Parses the URLs of a configuration: the origin that visitors see, and the address of an upstream. The settings of the
 * gateway and the options of `proxy()` call it. An invalid URL is reported as an issue and gives undefined. Link-local
 * addresses are rejected; a host name that resolves to such an address is not found here.
 */
import type { Issues } from '../../options/index.ts'

/** Parses an origin such as `https://app.example.com`; undefined with an issue for any other value. */
export function parseOrigin(urlOption: unknown, issues: Issues): URL | undefined {
  const parsedUrl = parseHttpUrl(urlOption)
  if (
    parsedUrl !== undefined &&
    (urlOption === parsedUrl.origin || urlOption === `${parsedUrl.origin}/`)
  )
    return parsedUrl

  issues.add('', 'must be an origin such as https://app.example.com, without a path')

  return undefined
}

/** Parses the URL of an upstream; undefined with an issue for any other value. */
export function parseUpstreamUrl(urlOption: unknown, issues: Issues): URL | undefined {
  const parsedUrl = parseHttpUrl(urlOption)
  const hasMore =
    parsedUrl === undefined ||
    parsedUrl.search + parsedUrl.hash + parsedUrl.username + parsedUrl.password !== ''
  if (hasMore) {
    issues.add('', 'must be an http or https URL without credentials, query or fragment')
    return undefined
  }

  if (isMetadataHost(parsedUrl.hostname)) {
    issues.add(
      '',
      'must not be a link-local address: clouds serve their metadata and credentials there',
    )
    return undefined
  }

  return parsedUrl
}

function parseHttpUrl(urlOption: unknown): URL | undefined {
  if (typeof urlOption !== 'string' || !URL.canParse(urlOption)) return undefined
  const parsedUrl = new URL(urlOption)
  return parsedUrl.protocol === 'https:' || parsedUrl.protocol === 'http:' ? parsedUrl : undefined
}

/**
 * Whether a host serves the metadata of a cloud. A URL has one form for all spellings of an IP address (hexadecimal,
 * octal).
 */
function isMetadataHost(hostname: string): boolean {
  return (
    /^169\.254\.\d+\.\d+$/.test(hostname) ||
    /^\[(?:fe[89ab][\da-f]:|(?:::ffff:|64:ff9b::|64:ff9b:1::|2002:|::)a9fe:|fd00:ec2::254\]$)/.test(
      hostname,
    ) ||
    /^metadata(?:\.google\.internal)?\.?$/.test(hostname)
  )
}

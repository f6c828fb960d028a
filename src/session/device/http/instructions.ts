/**
 * Writes what a browser receives: the offer to register a key, and the session that it keeps
 * afterwards. The device engine and its endpoints call it. It is pure.
 */
import { endpointFolder, refreshPath, registerPath } from '../../../request/path/device-path.ts'
import type { DeviceSettings } from '../settings.ts'
import { writeHeaderString } from './header-string.ts'

/** Where browsers ask whether a host may register sessions for its whole site. */
export const wellKnownUrl: RegExp =
  /^https?:\/\/[^/?#]*\/\.well-known\/device-bound-sessions(?:[?#]|$)/

/** The value of `Secure-Session-Registration`. RS256 is for security chips without P-256. */
export function writeOffer(challenge: string): string {
  return `(ES256 RS256);path=${writeHeaderString(registerPath)};challenge=${writeHeaderString(challenge)}`
}

/**
 * The session as the browser is to keep it. No origin where the session is one origin's: the
 * browser takes the address that it called, so nothing depends on what a proxy says of it.
 */
export function writeInstructions(device: DeviceSettings, sid: string): string {
  const { cookie, exclude, initiators, site } = device
  return JSON.stringify({
    session_identifier: sid,
    refresh_url: refreshPath,
    // Requests to the endpoints wait for nothing.
    scope: {
      ...(site && { origin: site.origin }),
      include_site: site !== undefined,
      scope_specification: [endpointFolder, ...exclude].map((path) => ({
        type: 'exclude',
        ...(site && { domain: '*' }),
        path,
      })),
    },
    // Every attribute but the time must be as it is sent, or the cookie never counts for the
    // browser.
    credentials: [{ type: 'cookie', name: cookie.name, attributes: cookie.suffix.slice(2) }],
    allowed_refresh_initiators: initiators,
  })
}

/** Makes the browser forget a session; its requests go out immediately. */
export function writeForget(sid: string | undefined): string {
  return JSON.stringify({ ...(sid !== undefined && { session_identifier: sid }), continue: false })
}

/** The file at `/.well-known/device-bound-sessions`. */
export function writeWellKnown(registering: readonly string[]): string {
  return JSON.stringify({ registering_origins: registering })
}

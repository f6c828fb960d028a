/**
 * Writes the JSON and header values that a browser with device-bound sessions receives: the offer to register a
 * key, the session to store, the instruction to forget one, and the well-known file. The device engine,
 * `endpoints.ts`, `refresh.ts`, `register.ts` and `answers.ts` call it. It is pure and throws nothing.
 */
import { endpointFolder, refreshPath, registerPath } from '../../../request/path/device-path.ts'
import type { DeviceSettings } from '../settings.ts'
import { writeHeaderString } from './header-string.ts'

/** The URL at which browsers ask whether a host may register sessions for its whole site. */
export const wellKnownUrl: RegExp =
  /^https?:\/\/[^/?#]*\/\.well-known\/device-bound-sessions(?:[?#]|$)/

/** The value of `Secure-Session-Registration`. RS256 is for security chips without P-256. */
export function writeOffer(challenge: string): string {
  return `(ES256 RS256);path=${writeHeaderString(registerPath)};challenge=${writeHeaderString(challenge)}`
}

/**
 * Writes the session that the browser stores. Without the option `site` no origin is sent: the browser
 * uses the URL that it called, so the result does not depend on what a proxy tells us.
 */
export function writeInstructions(device: DeviceSettings, sid: string): string {
  const { cookie, exclude, initiators, site } = device
  return JSON.stringify({
    session_identifier: sid,
    refresh_url: refreshPath,
    // Requests to the endpoints themselves must not wait for a refresh, so their folder is excluded.
    scope: {
      ...(site && { origin: site.origin }),
      include_site: site !== undefined,
      scope_specification: [endpointFolder, ...exclude].map((path) => ({
        type: 'exclude',
        ...(site && { domain: '*' }),
        path,
      })),
    },
    // All attributes except Max-Age must equal those of the cookie, or the browser does not recognise
    // it.
    credentials: [{ type: 'cookie', name: cookie.name, attributes: cookie.suffix.slice(2) }],
    allowed_refresh_initiators: initiators,
  })
}

/** Writes the instruction to forget a session. The browser's waiting requests are then sent immediately. */
export function writeForget(sid: string | undefined): string {
  return JSON.stringify({ ...(sid !== undefined && { session_identifier: sid }), continue: false })
}

/** Writes the file `/.well-known/device-bound-sessions`. */
export function writeWellKnown(registering: readonly string[]): string {
  return JSON.stringify({ registering_origins: registering })
}

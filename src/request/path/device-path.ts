/**
 * Recognizes the URLs that browsers call by themselves for device-bound sessions: registration and
 * refresh. Access rules, CSRF protection, rate limits and request limits ask it and let these
 * requests through, because Chromium ends its session after most 4xx responses; the session
 * endpoints and the gateway use the paths. It throws nothing. It returns false until a session
 * strategy with the option `device` is created in this process, and that never changes back.
 */

/** The folder of these paths. */
export const endpointFolder = '/.portcullis/dbsc'

/** The path at which a browser registers its key. */
export const registerPath = '/.portcullis/dbsc/register'

/** The path at which a browser proves that it still has its key. */
export const refreshPath = '/.portcullis/dbsc/refresh'

const deviceUrl = /^https?:..[^/?#]+(\/\.portcullis\/dbsc\/re(gister|fresh))$/

/** Whether sessions of this process are bound to devices. Once true, it stays true. */
let isServed = false

/** Records that sessions of this process are bound to devices, so that the paths are recognized. */
export function serveDevicePaths(): void {
  isServed = true
}

/** Returns the path of a URL that is one of these; otherwise undefined. */
export function readDevicePath(url: string): string | undefined {
  return deviceUrl.exec(url)?.[1]
}

/**
 * Reports whether a browser registers or refreshes at this URL. A check that rejects with 4xx must
 * not apply to it, since Chromium ends its session for that; the endpoints verify a signature
 * instead. Without bound sessions these URLs are like all others, because a handler for every path
 * would otherwise receive requests that no check has seen.
 */
export function isDeviceUrl(url: string): boolean {
  return isServed && deviceUrl.test(url)
}

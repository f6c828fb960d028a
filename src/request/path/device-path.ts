/**
 * Knows the addresses that a browser with device-bound sessions calls by itself. Guards ask it, so
 * that none of them rejects such a request: Chromium ends its session for most 4xx. It answers
 * false until a strategy with `device` exists.
 */

/** The folder of the addresses. */
export const endpointFolder = '/.portcullis/dbsc'

/** Where a browser registers its key. */
export const registerPath = '/.portcullis/dbsc/register'

/** Where a browser proves that it still has its key. */
export const refreshPath = '/.portcullis/dbsc/refresh'

const deviceUrl = /^https?:..[^/?#]+(\/\.portcullis\/dbsc\/re(gister|fresh))$/

/** Whether sessions of this process are bound to devices. It stays true. */
let isServed = false

/** Notes that sessions of this process are bound to devices, so that the addresses are answered. */
export function serveDevicePaths(): void {
  isServed = true
}

/** The path of a url, where it is one of these addresses. */
export function readDevicePath(url: string): string | undefined {
  return deviceUrl.exec(url)?.[1]
}

/**
 * Whether a browser registers or refreshes at this url. No check that answers with 4xx may stand
 * before it, since Chromium ends its session for that; what the endpoints take is proved by a
 * signature. Where no session is bound the addresses are like all others, since a handler for every
 * path would get what no check has seen.
 */
export function isDeviceUrl(url: string): boolean {
  return isServed && deviceUrl.test(url)
}

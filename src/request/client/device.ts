/**
 * Describes the browser and operating system of a User-Agent header, parsed by `bowser` and cached
 * per isolate. Sessions with `clientInfo`, the audit trail and applications call it. It throws
 * nothing for a text. An unknown or missing User-Agent gives an empty description. Clients can send
 * any User-Agent, so the result must not decide about access.
 */
import bowser from 'bowser'

/** The browser and the system of a request. The client can claim anything here. */
export interface Device {
  /** Browser and major version, such as `Chrome 140`. */
  readonly browser?: string
  /** Operating system, such as `Windows 10`, `iOS 18` or `macOS`. */
  readonly system?: string
  /** `desktop`, `mobile`, `tablet`, `tv` or `bot`. */
  readonly deviceKind?: string
}

/** The most characters of a User-Agent; longer ones are cut. Those of browsers have about 120. */
const maxUserAgentLength = 512
/** The most devices that an isolate remembers, because parsing one takes about 50 us. */
const maxRemembered = 256
const knownDevices = new Map<string, Device>()

/**
 * Reads a User-Agent header. Names come from a list of `bowser`, and only the major number of
 * versions is used, so the result cannot contain text that a client chose.
 *
 * @example
 * readDevice(request.headers.get('user-agent')) // { browser: 'Firefox 140', system: 'Linux', deviceKind: 'desktop' }
 */
export function readDevice(userAgent: string | null | undefined): Device {
  if (userAgent === null || userAgent === undefined || userAgent === '') return {}
  const shortUserAgent = userAgent.slice(0, maxUserAgentLength)
  const knownDevice = knownDevices.get(shortUserAgent)
  if (knownDevice !== undefined) return knownDevice

  const device = parseDevice(shortUserAgent)
  if (knownDevices.size >= maxRemembered) knownDevices.clear()
  knownDevices.set(shortUserAgent, device)

  return device
}

function parseDevice(userAgent: string): Device {
  const { browser, os: operatingSystem, platform } = bowser.parse(userAgent)
  const browserName = joinVersion(browser.name, browser.version)
  // Windows and macOS send a fixed version in this header, which is usually wrong.
  const systemVersion = /^(?:iOS|Android)$/.test(operatingSystem.name ?? '')
    ? operatingSystem.version
    : undefined
  const system =
    operatingSystem.name === 'Windows'
      ? 'Windows'
      : joinVersion(operatingSystem.name, systemVersion)

  return {
    ...(browserName !== undefined && { browser: browserName }),
    ...(system !== undefined && { system }),
    ...(platform.type !== undefined && { deviceKind: platform.type }),
  }
}

function joinVersion(
  productName: string | undefined,
  version: string | undefined,
): string | undefined {
  if (productName === undefined || !/^[\w .-]{1,40}$/.test(productName)) return undefined
  const majorVersion = /^\d{1,4}(?!\d)/.exec(version ?? '')?.[0]
  return majorVersion === undefined ? productName : `${productName} ${majorVersion}`
}

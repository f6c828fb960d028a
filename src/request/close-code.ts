/**
 * Codes in close frames of WebSockets (RFC 6455 section 7.4.1 and IANA's registry). The proxy and
 * the Node server use them. It is pure.
 */

/** Why the gateway ends a connection. */
export const closeCodes = {
  /** One side is gone, or the time is up; clients that reconnect do so on it. */
  goingAway: 1001,
  protocolError: 1002,
  /** The upstream is gone without a word. */
  badGateway: 1014,
} as const

/**
 * Whether a code may stand in a close frame: 1005, 1006 and 1015 tell a program that there was none, 1004 and what no
 * registry lists mean nothing (RFC 6455 section 7.4).
 */
export function isCloseCode(closeCode: number): boolean {
  if (closeCode >= 3000) return closeCode <= 4999
  return (
    closeCode >= 1000 &&
    closeCode <= 1014 &&
    closeCode !== 1004 &&
    closeCode !== 1005 &&
    closeCode !== 1006
  )
}

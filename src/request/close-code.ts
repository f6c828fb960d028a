/**
 * Defines the close codes of WebSockets (RFC 6455 section 7.4.1 and IANA's registry) that the
 * gateway uses, and checks codes of others. The proxy and the Node server's tunnels call it. It is
 * pure and throws nothing.
 */

/** The codes with which the gateway closes a connection. */
export const closeCodes = {
  /** One end disconnected, or a time limit is over. Clients usually reconnect after this code. */
  goingAway: 1001,
  protocolError: 1002,
  /** The upstream disconnected without a close frame. */
  badGateway: 1014,
} as const

/**
 * Reports whether a code may be sent in a close frame. 1005, 1006 and 1015 tell a program that
 * there was none; 1004 and unregistered codes have no meaning (RFC 6455 section 7.4).
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

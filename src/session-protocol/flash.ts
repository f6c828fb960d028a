/**
 * Sends messages that an upstream has left for a later request (flash messages) to the upstream of the request that
 * shows them, in the header `Portcullis-Flash`. `proxy/forward/forward.ts` calls it before a request is sent. If
 * sending fails, the messages are put back into the session; an error of putting them back is swallowed, and the
 * messages are then lost. Taking messages rejects as the session store does.
 */
import { encodeBase64url } from '../crypto/index.ts'
import { isPrefetch } from '../request/index.ts'
import type { FlushableHandle } from '../session/index.ts'

/**
 * Maximum bytes of JSON in one request, since servers accept headers of 8 KB. Other messages wait for the next request.
 */
const maxBytes = 4096

/** Messages that were taken out of the session for an upstream. */
export interface Delivery {
  /** The value of the header: base64url of a JSON object with the messages by name. */
  readonly header: string
  /** Puts the messages back into the session. */
  putBack(): Promise<void>
}

/**
 * Takes waiting messages out of the session; undefined if there are none, or the request shows no page (HEAD, a
 * prefetch).
 */
export async function deliverFlash(
  session: FlushableHandle<object> | undefined,
  request: Request,
): Promise<Delivery | undefined> {
  if (
    session === undefined ||
    request.method === 'HEAD' ||
    request.method === 'OPTIONS' ||
    isPrefetch(request)
  ) {
    return undefined
  }

  let byteLength = 2
  const takenMessages = await session.takeMessages((messageName, messageText) => {
    const messageBytes = new TextEncoder().encode(
      JSON.stringify({ [messageName]: messageText }),
    ).length
    if (byteLength > 2 && byteLength + messageBytes > maxBytes) return false
    byteLength += messageBytes

    return true
  })

  if (takenMessages === undefined) return undefined

  return {
    header: encodeBase64url(new TextEncoder().encode(JSON.stringify(takenMessages))),
    async putBack(): Promise<void> {
      for (const [messageName, messageText] of Object.entries(takenMessages))
        session.flash(messageName, messageText)
      await session.commit()
    },
  }
}

/** Sends a request. If sending fails, its messages are put back and wait for the next request. */
export function orPutBack<T>(delivery: Delivery | undefined, send: () => Promise<T>): Promise<T> {
  return delivery === undefined ? send() : sendOrPutBack(delivery, send)
}

async function sendOrPutBack<T>(delivery: Delivery, send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (error) {
    // The error of the upstream must be reported, and not an error of putting messages back.
    await delivery.putBack().catch(() => {})
    throw error
  }
}

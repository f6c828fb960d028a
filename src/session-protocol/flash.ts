/**
 * Delivers messages that an upstream left for a later request to the one that shows them
 * (`Portcullis-Flash`). `forward.ts` calls it before a request is sent. If no upstream received
 * the request, the messages are put back.
 */
import { encodeBase64url } from '../crypto/index.ts'
import { isPrefetch } from '../request/index.ts'
import type { FlushableHandle } from '../session/index.ts'

/** Bytes of JSON in one request; what does not fit waits for the next. Servers take headers of 8 KB. */
const mostBytes = 4096

/** Messages on their way to an upstream. */
export interface Delivery {
  /** Base64url of a JSON object, by name. */
  readonly header: string
  /** Puts the messages back: no upstream received the request. */
  putBack(): Promise<void>
}

/** Takes the messages that wait, where this request is one that shows something. */
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
    if (byteLength > 2 && byteLength + messageBytes > mostBytes) return false
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

/** Sends a request. If no upstream received it, its messages wait for the next one. */
export function orPutBack<T>(delivery: Delivery | undefined, send: () => Promise<T>): Promise<T> {
  return delivery === undefined ? send() : sendOrPutBack(delivery, send)
}

async function sendOrPutBack<T>(delivery: Delivery, send: () => Promise<T>): Promise<T> {
  try {
    return await send()
  } catch (error) {
    // The upstream's failure is the error to report, not the lost flash message.
    await delivery.putBack().catch(() => {})
    throw error
  }
}

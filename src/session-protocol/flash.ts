/** Messages that an upstream left for a later request, handed to the one that shows them: `Portcullis-Flash`. */
import { encodeBase64url } from '../crypto/index.ts'
import { isPrefetch } from '../request/index.ts'
import type { FlushableHandle } from '../session/index.ts'

/** Bytes of JSON in one request; what does not fit waits for the next. Servers take headers of 8 KB. */
const mostBytes = 4096

/** Messages on their way to an upstream. */
export interface Delivery {
  /** Base64url of a JSON object, by name. */
  readonly header: string
  /** Puts them back: the request reached nobody. */
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

  let bytes = 2
  const taken = await session.takeMessages((name, value) => {
    const size = new TextEncoder().encode(JSON.stringify({ [name]: value })).length
    if (bytes > 2 && bytes + size > mostBytes) return false
    bytes += size
    return true
  })
  if (taken === undefined) return undefined

  return {
    header: encodeBase64url(new TextEncoder().encode(JSON.stringify(taken))),
    async putBack(): Promise<void> {
      for (const [name, value] of Object.entries(taken)) session.flash(name, value)
      await session.commit()
    },
  }
}

/** Sends a request; the messages that it carried wait for another one where it reached nobody. */
export async function orPutBack<T>(
  delivery: Delivery | undefined,
  send: () => Promise<T>,
): Promise<T> {
  try {
    return await send()
  } catch (error) {
    // The upstream's failure is the error to report, not the lost flash message.
    await delivery?.putBack().catch(() => {})
    throw error
  }
}

/**
 * Removes flash messages from a session and returns them: in one step in an atomic store, otherwise as
 * an edit of this request. `handle.ts` calls it for `takeFlash` and `takeMessages`.
 *
 * With an atomic store a message is returned to one request only; otherwise two parallel requests may both
 * return it. A session that has ended has no messages. It rejects as a write of the session does, and throws
 * `ERR_SESSION_CLOSED` after the flush.
 */
import { isPortcullisError } from '../../errors.ts'
import { jsonCopy } from '../core/data.ts'
import type { Messages } from '../core/record.ts'
import { replayEdits } from './edits.ts'
import type { RequestState } from './request-state.ts'

/** Selects the messages to take. */
export type MayTake = (name: string, value: unknown) => boolean

/** Takes the messages of a loaded session that `mayTake` selects. Returns undefined if there are none. */
export async function takeMessages<Data extends object>(
  requestState: RequestState<Data>,
  mayTake: MayTake,
): Promise<Messages | undefined> {
  if (requestState.engine.consumesMessages && requestState.status === 'open') {
    return requestState.runExclusive(() => takeStored(requestState, mayTake))
  }

  // There is no await from here on, so that two calls in one request cannot both return a message.
  const messages = selectMessages(requestState.view()?.flash, mayTake)
  if (messages === undefined) return undefined

  requestState.requireNotClosed()
  for (const name of Object.keys(messages)) requestState.edits.push({ type: 'take', name })
  return messages
}

/** Removes the messages from the store before it returns them, so that only one of two requests receives them. */
async function takeStored<Data extends object>(
  requestState: RequestState<Data>,
  mayTake: MayTake,
): Promise<Messages | undefined> {
  const names = Object.keys(selectMessages(requestState.view()?.flash, mayTake) ?? {})
  if (names.length === 0) return undefined
  requestState.requireOpen()

  let messages: Messages | undefined
  try {
    await requestState.write(true, (record) => {
      messages = selectMessages(record?.flash, (name) => names.includes(name))
      return replayEdits(
        requestState.settings,
        record,
        names.map((name) => ({ type: 'take', name })),
      )
    })
  } catch (error) {
    if (isPortcullisError(error, 'ERR_SESSION_ENDED')) return undefined
    throw error
  }
  return messages
}

function selectMessages(flash: Messages | undefined, mayTake: MayTake): Messages | undefined {
  const entries = Object.entries(flash ?? {}).filter(([name, value]) => mayTake(name, value))

  // Names can come from an upstream, so the object has no prototype.
  const messages: Record<string, unknown> = Object.create(null)
  for (const [name, value] of entries) messages[name] = jsonCopy(value, name)
  return entries.length > 0 ? messages : undefined
}

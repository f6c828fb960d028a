/** Messages that wait are taken: for everybody at once where the store can do that, else for this browser. */
import { isPortcullisError } from '../../errors.ts'
import { jsonCopy } from '../core/data.ts'
import type { Messages } from '../core/record.ts'
import { replayEdits } from './edits.ts'
import type { RequestState } from './request-state.ts'

/** Whether a message is to be taken. */
type MayTake = (name: string, value: unknown) => boolean

/** Takes those messages of a loaded session that are chosen; undefined where there are none. */
export async function takeMessages<Data extends object>(
  of: RequestState<Data>,
  mayTake: MayTake,
): Promise<Messages | undefined> {
  if (of.engine.consumes && of.status === 'open')
    return of.runExclusive(() => takeStored(of, mayTake))

  // From here on nothing awaits: two takers of this request cannot both have one.
  const chosen = choose(of.view()?.flash, mayTake)
  if (chosen === undefined) return undefined

  of.mustNotBeClosed()
  for (const name of Object.keys(chosen)) of.edits.push({ is: 'take', name })
  return chosen
}

/** Taken from the store before they are returned: of two requests one gets them. */
async function takeStored<Data extends object>(
  of: RequestState<Data>,
  mayTake: MayTake,
): Promise<Messages | undefined> {
  const names = Object.keys(choose(of.view()?.flash, mayTake) ?? {})
  if (names.length === 0) return undefined
  of.mustBeOpen()

  let taken: Messages | undefined
  try {
    await of.write(true, (record) => {
      taken = choose(record?.flash, (name) => names.includes(name))
      return replayEdits(
        of.settings,
        record,
        names.map((name) => ({ is: 'take', name })),
      )
    })
  } catch (error) {
    if (isPortcullisError(error, 'ERR_SESSION_ENDED')) return undefined
    throw error
  }
  return taken
}

function choose(flash: Messages | undefined, mayTake: MayTake): Messages | undefined {
  const entries = Object.entries(flash ?? {}).filter(([name, value]) => mayTake(name, value))
  // Names come from outside.
  const chosen: Record<string, unknown> = Object.create(null)
  for (const [name, value] of entries) chosen[name] = jsonCopy(value, name)
  return entries.length > 0 ? chosen : undefined
}

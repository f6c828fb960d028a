/**
 * Ends every session that depends on an outside session, such as one at an identity provider.
 * `storedSessions` and the revocations of `statelessSessions` call it for `endMarked`, which
 * back-channel logout uses.
 *
 * Without the option `mark`, or with a store that does not implement `endMarked`, it throws
 * `ERR_CONFIG`; errors of the store reject. If the store fails between two tags, the message does not
 * count as seen, so the caller can repeat it.
 */
import { randomId } from '../../crypto/random.ts'
import type { StoreContext } from '../../store/contract.ts'
import type { EndMarkedOptions } from '../../store/mark-types.ts'
import { createMarkError } from './errors.ts'
import { emitSessionEvent } from './events.ts'
import type { SessionSettings } from './options/settings.ts'
import { createMarkTags } from './tags.ts'
import type { EndMarkedArgs } from './types.ts'

/** The method that a session store and a store of revocations share. */
interface MarkStore {
  endMarked?(mark: string, options: EndMarkedOptions, context: StoreContext): Promise<boolean>
}

/**
 * Ends an outside session under its tag of each secret, since sessions from before a rotation of secrets carry an older
 * tag. The tag of the newest secret is ended last, together with the message, so that the message counts as seen only
 * after all other tags were ended.
 *
 * @param lifeMs - milliseconds for which the mark stays ended: the longest life of a session.
 * @returns false if the message was seen before.
 * @throws {ConfigError} `ERR_CONFIG` where the option `mark` or the store's verb is missing
 */
export async function endMarked<Data>(
  settings: SessionSettings<Data>,
  store: MarkStore,
  lifeMs: number,
  { mark, once, env, context }: EndMarkedArgs,
): Promise<boolean> {
  if (settings.mark === undefined) throw createMarkError('mark')
  if (store.endMarked === undefined) throw createMarkError('store')

  const [newest = '', ...older] = await createMarkTags(settings, env, mark)
  for (const tag of older) await store.endMarked(tag, { life: lifeMs }, { env })
  const options = { life: lifeMs, write: randomId(8), ...(once && { once }) }
  const isNew = await store.endMarked(newest, options, { env })
  if (!isNew) return false

  const event = { type: 'sessions-ended', reason: 'marked', actor: 'provider' } as const
  emitSessionEvent(settings, context === undefined ? {} : { context }, event)
  return true
}

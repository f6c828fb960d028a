/**
 * Ends every session that depends on an outside session, such as one at an identity provider.
 * Stored sessions and revocable stateless ones call it. Without the option `mark`, or with a store
 * that lacks the verb, it throws a `ConfigError`.
 */
import type { StoreContext } from '../../store/contract.ts'
import type { EndMarkedOptions } from '../../store/mark-types.ts'
import { createMarkError } from './errors.ts'
import { emitSessionEvent } from './events.ts'
import type { SessionSettings } from './options/settings.ts'
import { createMarkTags } from './tags.ts'
import type { EndMarkedArgs } from './types.ts'

/** The verb that a session store and a store of revocations share. */
interface MarkStore {
  endMarked?(mark: string, options: EndMarkedOptions, context: StoreContext): Promise<boolean>
}

/**
 * Ends an outside session under every tag, since sessions from before a rotation of secrets carry an older one. The newest
 * tag goes last and alone carries the message: a message counts as seen once everything else has been done.
 *
 * @param lifeMs - milliseconds for which the mark stays ended: the longest life of a session.
 * @returns false where the message came before.
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
  const isNew = await store.endMarked(newest, { life: lifeMs, ...(once && { once }) }, { env })
  if (!isNew) return false

  const event = { type: 'sessions-ended', reason: 'marked', actor: 'provider' } as const
  emitSessionEvent(settings, context === undefined ? {} : { context }, event)
  return true
}

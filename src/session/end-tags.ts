/** Ends an outside session under the tag of every secret. */
import type { OnceMessage } from '../store/mark-types.ts'
import type { Emit } from '../types.ts'

/**
 * Sessions from before a rotation of secrets carry an older tag, so every tag ends. The newest tag goes
 * last and alone carries the message: a message counts as seen once everything else has been done.
 */
export async function endTags(
  tags: readonly string[],
  once: OnceMessage | undefined,
  end: (tag: string, once: OnceMessage | undefined) => Promise<boolean> | undefined,
  emit: Emit | undefined,
): Promise<boolean> {
  const [newest = '', ...older] = tags
  for (const tag of older) await end(tag, undefined)
  const isNew = await end(newest, once)
  if (!isNew) return false

  emit?.({ type: 'sessions-ended', reason: 'marked' })
  return true
}

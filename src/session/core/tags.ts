/** Ends an outside session under the tag of every secret. */
import { encodeBase64url } from '../../crypto/base64url.ts'
import type { OnceMessage } from '../../store/mark-types.ts'
import type { Emit } from '../../types.ts'
import type { SessionSettings } from './settings.ts'

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

/** Whose session it is; undefined for a visitor's. */
export function readUser<Data>(
  { user }: SessionSettings<Data>,
  data: Data | undefined,
): string | undefined {
  return data === undefined ? undefined : user?.(data)
}

/** The tag of a user under each secret, the first secret's first: sessions made before a rotation carry an older one. */
export async function createUserTags<Data>(
  settings: SessionSettings<Data>,
  env: unknown,
  user: string,
): Promise<string[]> {
  return (await settings.keys(env).ring.macs('user-tag', user)).map((mac) =>
    encodeBase64url(mac.subarray(0, 16)),
  )
}

/** The tag of an outside session under each secret, the first secret's first. */
export async function markTags<Data>(
  settings: SessionSettings<Data>,
  env: unknown,
  mark: string,
): Promise<string[]> {
  const macs = await settings.keys(env).ring.macs('mark', mark)
  return macs.map((mac) => encodeBase64url(mac.subarray(0, 16)))
}

/** The tag, under the newest secret, of the outside session that this data depends on. */
export async function readMark<Data>(
  settings: SessionSettings<Data>,
  env: unknown,
  data: Data | undefined,
): Promise<string | undefined> {
  const mark = data === undefined ? undefined : settings.mark?.(data)
  return mark ? (await markTags(settings, env, mark))[0] : undefined
}

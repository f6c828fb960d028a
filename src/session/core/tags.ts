/**
 * Hashes the user and the mark of a session into tags: HMACs that stores and revocations use as names of
 * lists, counters and marks. The stored engine, the revocations and `end-marked.ts` call it.
 *
 * There is one tag for each secret, since sessions from before a rotation of secrets carry an older tag.
 * A visitor's session has no user and gives undefined. Errors of the options `user` and `mark` pass through, and an
 * invalid secret in the environment throws `ERR_CONFIG`.
 */
import { encodeBase64url } from '../../crypto/base64url.ts'
import type { SessionSettings } from './options/settings.ts'

/** Reads the user of a session. Returns undefined for a visitor's. */
export function readUser<Data>(
  { user }: SessionSettings<Data>,
  sessionData: Data | undefined,
): string | undefined {
  return sessionData === undefined ? undefined : user?.(sessionData)
}

/** Hashes a user under each secret. The first secret's hash comes first. */
export function createUserTags<Data>(
  settings: SessionSettings<Data>,
  env: unknown,
  userId: string,
): Promise<string[]> {
  return createTags(settings, env, 'user-tag', userId)
}

/** Hashes an outside session under each secret. The first secret's hash comes first. */
export function createMarkTags<Data>(
  settings: SessionSettings<Data>,
  env: unknown,
  mark: string,
): Promise<string[]> {
  return createTags(settings, env, 'mark', mark)
}

async function createTags<Data>(
  { keys }: SessionSettings<Data>,
  env: unknown,
  purpose: 'user-tag' | 'mark',
  text: string,
): Promise<string[]> {
  const macs = await keys(env).ring.macs(purpose, text)
  return macs.map((macBytes) => encodeBase64url(macBytes.subarray(0, 16)))
}

/** Hashes the outside session that this data depends on, under the newest secret. */
export async function readMark<Data>(
  settings: SessionSettings<Data>,
  env: unknown,
  sessionData: Data | undefined,
): Promise<string | undefined> {
  const mark = sessionData === undefined ? undefined : settings.mark?.(sessionData)
  return mark ? (await createMarkTags(settings, env, mark))[0] : undefined
}

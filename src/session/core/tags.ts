/**
 * Hashes the user and the mark of a session under each secret, since sessions from before a
 * rotation carry an older hash. Stores and revocations use the hashes as names. A visitor's
 * session has no user and gives undefined.
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

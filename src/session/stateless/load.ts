/** From a cookie to a stateless session: opened, judged by both clocks, passed through the schema. */
import type { CookieJar } from '../../types.ts'
import { passSchema } from '../core/data.ts'
import type { LoadResult } from '../core/engine.ts'
import { checkLifetimes, isSlideDue } from '../core/lifetimes.ts'
import { readRecord } from '../core/record.ts'
import type { SessionSettings } from '../core/settings.ts'
import { blocked, openToken, rejectCookie } from '../core/token.ts'

/** The session of the request's cookies of our name; there is at least one. */
export async function openCookie<Data>(
  settings: SessionSettings<Data>,
  jar: CookieJar,
  tokens: readonly string[],
): Promise<LoadResult<Data>> {
  const { cookie, limits, clock, emit, schema } = settings
  const opened = await openToken(settings, settings.keys(jar.env).sealer, tokens)
  if (typeof opened !== 'string') {
    emit?.({ type: 'session-rejected', reason: opened.refused, subject: cookie.name })
    return blocked(opened.refused)
  }
  const record = readRecord<Data>(opened)
  if (record === undefined) return rejectCookie(settings, 'invalid-data')
  const now = Math.floor(clock() / 1000)
  const standing = checkLifetimes(record, limits, now)
  if (standing !== 'alive') return rejectCookie(settings, standing)
  const due = isSlideDue(record, limits, now) ? ({ due: 'slide' } as const) : undefined
  if (schema === undefined || record.data === undefined) return { record, ...due }
  const result = await passSchema(schema, record.data)
  return 'wrong' in result
    ? rejectCookie(settings, 'invalid-data')
    : { record: { ...record, data: result.data }, ...due }
}

/** Loads a stateless session from its cookie: unseals it, checks its lifetimes, and validates its data. */
import type { CookieJar } from '../../types.ts'
import { validateData } from '../core/data.ts'
import type { LoadResult } from '../core/engine.ts'
import { checkLifetimes, isSlideDue } from '../core/lifetimes.ts'
import { readRecord } from '../core/record.ts'
import type { SessionSettings } from '../core/settings.ts'
import { openToken, rejectCookie } from '../core/token.ts'

/**
 * Loads the session of a request.
 *
 * @param tokens - values of the request's cookies of our name, at least one.
 */
export async function loadStateless<Data>(
  settings: SessionSettings<Data>,
  jar: CookieJar,
  tokens: readonly string[],
): Promise<LoadResult<Data>> {
  const { limits, clock, schema } = settings
  const json = await openToken(settings, settings.keys(jar.env).sealer, tokens)
  if (typeof json !== 'string') return rejectCookie(settings, jar, json.refused)

  const record = readRecord<Data>(json)
  if (record === undefined) return rejectCookie(settings, jar, 'invalid-data')

  const now = Math.floor(clock() / 1000)
  const status = checkLifetimes(record, limits, now)
  if (status !== 'alive') return rejectCookie(settings, jar, status)

  const slide = isSlideDue(record, limits, now) ? ({ pendingWrite: 'slide' } as const) : undefined
  if (schema === undefined || record.data === undefined) return { record, ...slide }

  const result = await validateData(schema, record.data)
  return 'issues' in result
    ? rejectCookie(settings, jar, 'invalid-data')
    : { record: { ...record, data: result.data }, ...slide }
}

/**
 * Loads a stateless session from its cookie: unseals it, checks its timeouts, and validates its data with the
 * schema. `stateless/engine.ts` calls it for each request that has the cookie.
 *
 * A rejected cookie gives an empty session and the event `session-rejected` with the reason. It never throws
 * for what a client sent; a schema that throws makes it reject.
 */
import type { CookieJar } from '../../types.ts'
import { validateData } from '../core/data.ts'
import type { LoadResult } from '../core/engine.ts'
import { checkLifetimes, isSlideDue } from '../core/lifetimes.ts'
import type { SessionSettings } from '../core/options/settings.ts'
import { readRecord } from '../core/record.ts'
import { openToken, rejectCookie } from '../core/token.ts'

/**
 * Loads the session of a request.
 *
 * @param tokens - values of the request's cookies of our name, at least one.
 */
export async function loadStateless<Data>(
  settings: SessionSettings<Data>,
  cookieJar: CookieJar,
  tokens: readonly string[],
): Promise<LoadResult<Data>> {
  const { limits, clock, schema } = settings
  const json = await openToken(settings, settings.keys(cookieJar.env).sealer, tokens)
  if (typeof json !== 'string') return rejectCookie(settings, cookieJar, json.refused)

  const record = readRecord<Data>(json)
  if (record === undefined) return rejectCookie(settings, cookieJar, 'invalid-data')

  const nowSeconds = Math.floor(clock() / 1000)
  const status = checkLifetimes(record, limits, nowSeconds)
  if (status !== 'alive') return rejectCookie(settings, cookieJar, status)

  const slide = isSlideDue(record, limits, nowSeconds)
    ? ({ pendingWrite: 'slide' } as const)
    : undefined
  if (schema === undefined || record.data === undefined) return { record, ...slide }

  const result = await validateData(schema, record.data)
  return 'issues' in result
    ? rejectCookie(settings, cookieJar, 'invalid-data')
    : { record: { ...record, data: result.data }, ...slide }
}

/** Puts security headers on a response, and takes away what names the server. */
import type { Faults } from '../options/index.ts'
import { type AboutRequest, isPinnable } from './host.ts'
import { kindOf } from './kind.ts'
import type { HeaderOptions } from './options.ts'
import { profiles, type Row } from './profiles.ts'
import { stripped } from './strip-list.ts'

/**
 * Returns the response with its headers, or a copy of it where its headers cannot be changed; body, status, status text
 * and every Set-Cookie stay. Never throws: what cannot be copied, such as a body already read, is returned as it is.
 */
export type HeaderWriter = (response: Response, about: AboutRequest) => Response

/** Statuses that cannot have a body (Fetch, "null body status"); a fetched one may have an empty stream all the same. */
const bodiless: ReadonlySet<number> = /* @__PURE__ */ new Set([204, 205, 304])

/**
 * Makes a writer. Each header is set at most once: one that is there stays, unless it may have one value only and holds
 * several. Informational responses pass as they are, with their WebSocket.
 *
 * @param faults - takes what is wrong with the options; the writer works with what is right until they are thrown.
 */
export function headerWriter(options: HeaderOptions, faults: Faults): HeaderWriter {
  const profile = profiles(faults, options)
  const { strip, removePoweredBy }: HeaderOptions = { ...options }
  // One look at each name of a response costs less than one question per name that could be there.
  const marks = new Map<string, number>([...stripped(faults, strip, removePoweredBy)].map((name) => [name, 0]))
  for (const [name, bit] of profile.bits) marks.set(name, bit)

  return function writeHeaders(response, about) {
    const { status } = response
    if (status < 200) return response
    try {
      const kind = profile.of[kindOf(status, response.headers.get('content-type'))]
      const rows = about.https && isPinnable(about.host) ? kind.secure : kind.plain
      return written(response, rows, marks, profile.single)
    } catch {
      return response
    }
  }
}

function written(
  response: Response,
  rows: readonly Row[],
  marks: ReadonlyMap<string, number>,
  single: number,
): Response {
  const { headers } = response
  let present = 0
  let doomed: string[] | undefined
  for (const name of headers.keys()) {
    const mark = marks.get(name)
    if (mark === undefined) continue
    if (mark === 0) {
      doomed ??= []
      doomed.push(name)
    } else if ((mark & single) === 0 || !headers.get(name)?.includes(',')) present |= mark
  }
  try {
    change(headers, rows, present, doomed)
    return response
  } catch {
    // Immutable: a raw fetch, Response.redirect, a cached response. The first change fails, so nothing is half done.
    const { status, statusText } = response
    const copy = bodiless.has(status)
      ? new Response(null, { status, statusText, headers })
      : new Response(response.body, response)
    change(copy.headers, rows, present, doomed)
    return copy
  }
}

function change(headers: Headers, rows: readonly Row[], present: number, doomed: readonly string[] | undefined): void {
  if (doomed) for (const name of doomed) headers.delete(name)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as Row
    if ((present & row.bit) === 0) headers.set(row.name, row.value)
  }
}

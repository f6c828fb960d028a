/** The Observatory's tests on one kind of answer, without sockets: a scan takes only pages that are there. */
import type { Observatory } from './judges.ts'

/** A handler of requests, such as a gateway's `fetch`. */
export type Handler = (request: Request) => Promise<Response>

/** What came out. */
export interface Score {
  readonly score: number
  readonly grade: string
  readonly passed: number
  readonly of: number
  /** Results that cost points. */
  readonly lost: readonly string[]
  /** The answer that was judged. */
  readonly response: Response
}

const scanner = 'https://http-observatory.security.mozilla.org'

/** Scores what a handler answers for `https://<host>/`; plain http is sent to https, as whatever ends TLS in front does. */
export async function score(
  observatory: Observatory,
  handler: Handler,
  host: string,
): Promise<Score> {
  const url = `https://${host}/`
  const response = await handler(new Request(url))
  const text = await response.clone().text()
  const preflight = {
    method: 'OPTIONS',
    headers: { origin: scanner, 'access-control-request-method': 'GET' },
  }
  const cors = await handler(new Request(url, preflight))

  const requests = new observatory.Requests(host)
  const headers = headersOf(observatory, response)
  const answer = { headers, status: response.status, data: text, verified: true }
  const [type = ''] = (response.headers.get('content-type') ?? '').split(';', 1)

  requests.responses.http = answer
  requests.responses.httpRedirects = [
    { url: new URL(`http://${host}/`), status: 308 },
    { url: new URL(url), status: response.status },
  ]
  requests.responses.https = answer
  requests.responses.auto = {
    ...answer,
    httpEquiv: observatory.isHtml(type) ? observatory.metas(text, url) : new Map(),
  }
  requests.responses.cors = {
    headers: headersOf(observatory, cors),
    status: cors.status,
    request: { headers: { origin: scanner } },
    verified: true,
  }

  requests.resources.path = text
  const jar = observatory.jar()

  for (const cookie of response.headers.getSetCookie())
    jar.setCookieSync(cookie, url, { ignoreError: true })
  requests.session = { url: new URL(url), jar }

  let [all, negative, passed] = [100, 100, 0]
  const lost: string[] = []

  for (const test of observatory.tests) {
    const { result, pass } = test(requests)
    const modifier = observatory.modifier(result)
    all += modifier

    if (modifier < 0) {
      negative += modifier
      lost.push(`${result} ${modifier}`)
    }

    if (pass) passed++
  }

  // Points above 100 count from an A on.
  const { score, grade } = observatory.grade(negative >= 90 ? all : negative)
  return { score, grade, passed, of: observatory.tests.length, lost, response }
}

function headersOf(observatory: Observatory, { headers }: Response): object {
  const values: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of headers) if (name !== 'set-cookie') values[name] = value

  const cookies = headers.getSetCookie()
  if (cookies.length > 0) values['set-cookie'] = cookies

  return observatory.headers(values)
}

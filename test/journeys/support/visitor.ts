/** A browser as far as a journey needs one: cookies, forms, redirects that are looked at and not followed. */
import { request as send } from 'node:http'

/** Answers one request: a socket, or an app in this process. */
export type Transport = (request: VisitorRequest) => Promise<Response>

export interface VisitorRequest {
  readonly method: string
  /** Absolute. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Where a redirect leads. */
  readonly location: string | null
  json<Value>(): Value
}

export interface Visitor {
  /** By name, without attributes. */
  readonly cookies: Map<string, string>
  /** Opens a page, as a click on a link of the site does. */
  open(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>
  /** Sends a form of the site. */
  submit(path: string, fields?: Readonly<Record<string, string>>, from?: string): Promise<Answer>
  /** Any request, with the cookies. */
  send(
    method: string,
    path: string,
    headers?: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<Answer>
}

/** A visitor of the site at `origin` who has no cookies yet. */
export function createVisitor(origin: string, transport: Transport = overSocket): Visitor {
  const cookies = new Map<string, string>()

  async function request(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: string,
  ): Promise<Answer> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const all = { host: new URL(origin).host, ...(cookie && { cookie }), ...headers }
    const url = new URL(path, origin).href
    const response = await transport({
      method,
      url,
      headers: all,
      ...(body !== undefined && { body }),
    })
    for (const line of response.headers.getSetCookie()) keepCookie(cookies, line)
    const text = await response.text()

    return {
      status: response.status,
      headers: response.headers,
      text,
      location: response.headers.get('location'),
      json: <Value>() => JSON.parse(text) as Value,
    }
  }

  const navigation = {
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    accept: 'text/html',
  }
  return {
    cookies,
    send: request,
    open: (path, headers = {}) =>
      request('GET', path, { ...navigation, 'sec-fetch-site': 'same-origin', ...headers }),
    submit: (path, fields = {}, from = origin) =>
      request(
        'POST',
        path,
        {
          ...navigation,
          origin: from,
          'sec-fetch-site': from === origin ? 'same-origin' : 'cross-site',
          'content-type': 'application/x-www-form-urlencoded',
        },
        `${new URLSearchParams(fields)}`,
      ),
  }
}

/** An app that is imported here: no socket, so that a page's own https origin can stay as it is. */
export function inProcess(
  app: { fetch(request: Request, env?: never, context?: never): Response | Promise<Response> },
  env: object = {},
): Transport {
  const context = { waitUntil: () => undefined, passThroughOnException: () => undefined }
  return async ({ method, url, headers, body }) =>
    app.fetch(
      new Request(url, {
        method,
        headers,
        ...(body !== undefined && { body }),
        redirect: 'manual',
      }),
      env as never,
      context as never,
    )
}

/** Real bytes, with nothing that Node's fetch would add. */
export function overSocket({ method, url, headers, body }: VisitorRequest): Promise<Response> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': `${Buffer.byteLength(body)}` }
    const outgoing = send(url.replace('localhost', '127.0.0.1'), {
      method,
      headers: { ...headers, ...length },
      agent: false,
    })
    outgoing.once('error', reject)
    outgoing.once('response', (incoming) => {
      const parts: Buffer[] = []
      incoming.on('data', (part: Buffer) => parts.push(part))
      incoming.once('error', reject)
      incoming.once('end', () => {
        const received = new Headers()
        for (let index = 0; index < incoming.rawHeaders.length; index += 2)
          received.append(incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '')
        const status = incoming.statusCode ?? 0
        const isEmpty = [204, 304].includes(status)
        resolve(new Response(isEmpty ? null : Buffer.concat(parts), { status, headers: received }))
      })
    })
    outgoing.end(body)
  })
}

function keepCookie(cookies: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(/;\s*/)
  const at = pair.indexOf('=')
  const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
  if (value === '' || attributes.some((text) => /^max-age=0$/i.test(text))) cookies.delete(name)
  else cookies.set(name, value)
}

/** `node examples/vercel-function/main.ts`: what Vercel does with the proxy and the function, without Vercel. */
process.env.PUBLIC_ORIGIN = 'https://app.example.com'
process.env.SESSION_SECRET = 'Qm4-vT8xZ1kR7wLc2NpY6sJd9GhB3fEa'

const { default: proxy } = await import('./proxy.ts')
const { default: api } = await import('./api/index.ts')

let cookie = ''
await ask('GET', '/api/me')
await ask('POST', '/api/login', '{"user":"ada"}')
await ask('GET', '/api/me')
await ask('POST', '/api/login', '{"user":"mallory"}', 'https://evil.example')
await ask('POST', '/api/logout')
await ask('GET', '/api/me')

/** Asks the proxy first; where it lets the request through, the function with the headers that the proxy says. */
async function ask(
  method: string,
  path: string,
  body?: string,
  from = 'https://app.example.com',
): Promise<void> {
  const site = from === 'https://app.example.com' ? 'same-origin' : 'cross-site'
  const headers = {
    cookie,
    origin: from,
    'sec-fetch-site': site,
    'content-type': 'application/json',
  }
  const make = (with_: Headers): Request =>
    new Request(`https://app.example.com${path}`, { method, headers: with_, body: body ?? null })
  const guarded = await proxy(make(new Headers(headers)))
  const passes = guarded.headers.has('x-middleware-next')
  const answer = passes ? await api.fetch(make(headersFor(guarded))) : guarded
  for (const set of answer.headers.getSetCookie())
    cookie = /Max-Age=0/.test(set) ? '' : (set.split(';')[0] ?? '')
  const shown = answer.status === 200 ? await answer.text() : ''
  const who = passes ? 'function' : 'proxy'
  console.log(
    `${`${method} ${path}`.padEnd(18)} ${who.padEnd(9)} ${answer.status} ${shown}`.trimEnd(),
  )
}

function headersFor(answer: Response): Headers {
  const names = (answer.headers.get('x-middleware-override-headers') ?? '').split(',')
  return new Headers(
    names.map((name) => [name, answer.headers.get(`x-middleware-request-${name}`) ?? '']),
  )
}

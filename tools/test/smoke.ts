/**
 * `npm run smoke`: starts `npm run dev` as a newcomer does and asks the demo what its README promises, the way curl
 * does: no Origin, no Fetch Metadata, a cookie jar. The last line is "N passed, N failed". `--redis`: the same with
 * sessions in Redis, and what only these can do. Then each thing that the home page lists is tried once.
 */
import { utimesSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import { freePorts, startDev } from '../dev/start-dev.ts'

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

interface Sent {
  readonly cookie: string
  readonly body?: string | undefined
  readonly type?: string | undefined
  readonly site?: string | undefined
}

/** A client with a cookie jar. */
interface Client {
  get(path: string): Promise<Answer>
  /** `site` is Sec-Fetch-Site, which curl does not send. */
  post(
    path: string,
    body?: Record<string, string> | string,
    type?: string,
    site?: string,
  ): Promise<Answer>
  readonly jar: Map<string, string>
}

const redis = process.argv.includes('--redis')
const args = redis ? ['--redis', '--traces'] : []
const count = { passed: 0, failed: 0 }
const ports = await freePorts()
const url = `http://localhost:${ports.gateway}`
try {
  let dev = await startDev(ports, args)
  try {
    check(`npm run dev is up within 20 s (${dev.tookMs} ms)`, dev.tookMs < 20_000)
    const visitor = client()
    const stale = await walk(visitor)
    await devices()
    await features(() => dev.said())
    // Its Redis ends with the command, so there the Worker alone begins again. What is in memory ends with either.
    if (redis) await reload(() => dev.said())
    await leave(visitor, stale)
    check('Ctrl-C ends it', await dev.stop())
    check(
      'nobody listens on its ports afterwards',
      (await silent(ports.gateway)) && (await silent(ports.origin)),
    )
    if (!redis) {
      dev = await startDev(ports, ['--worker'])
      const bob = await deployable()
      await dev.stop()
      dev = await startDev(ports, ['--worker'])
      await stayed(bob, '--worker, started again')
      await dev.stop()
      dev = await startDev(ports, ['--maintenance'])
      const closed = await client().get('/')
      check(
        '--maintenance: 503 with Retry-After',
        closed.status === 503 && closed.headers['retry-after'] === '300',
      )
      check('  and health is well', (await client().get('/.portcullis/health')).status === 200)
    }
  } finally {
    await dev.stop()
  }
} catch (error) {
  check(`no surprise: ${error instanceof Error ? error.message : error}`, false)
}
console.log(`${count.passed} passed, ${count.failed} failed`)
process.exitCode = count.failed > 0 ? 1 : 0

/** A visitor becomes Alice; returns the cookie that the visitor had before. */
async function walk(visitor: Client): Promise<string | undefined> {
  const first = await visitor.get('/')
  check('the counter says 1', first.text.includes('You have been here 1 time.'), first.text)

  const set = (first.headers['set-cookie'] ?? []).filter((line) =>
    line.startsWith('__Host-session='),
  )
  const attributes = (set[0] ?? '').toLowerCase().split('; ').slice(1)
  check(
    'the first page sets __Host-session, once',
    set.length === 1,
    String(first.headers['set-cookie']),
  )

  for (const attribute of ['httponly', 'secure', 'samesite=lax', 'path=/']) {
    check(`  with ${attribute}`, attributes.includes(attribute), set[0])
  }

  check(
    '  without a Domain',
    set.length === 1 && !attributes.some((each) => each.startsWith('domain')),
    set[0],
  )

  check('then 2', (await visitor.get('/')).text.includes('You have been here 2 times.'))
  check('then 3', (await visitor.get('/')).text.includes('You have been here 3 times.'))

  const stranger = await client().get('/admin')
  check(
    'nobody is sent from /admin to the login form',
    isRedirect(stranger, '/login?return_to='),
    where(stranger),
  )

  check('the login form is there', (await client().get('/login')).text.includes('action="/login"'))
  const wrong = await client().post('/login', { user: 'alice', password: 'builder' })
  check('a wrong password is 401', wrong.status === 401, where(wrong))
  check('  and sets no cookie', wrong.headers['set-cookie'] === undefined)

  const before = visitor.jar.get('__Host-session')
  const login = await visitor.post('/login', {
    user: 'alice',
    password: 'wonderland',
    return_to: '/admin',
  })

  check('the right one leads back', isRedirect(login, '/admin'), where(login))
  check('  with a new cookie', visitor.jar.get('__Host-session') !== before)

  const admin = await visitor.get('/admin')
  check(
    'Alice sees /admin',
    admin.status === 200 && admin.text.includes('Welcome, administrator'),
    where(admin),
  )

  const home = await visitor.get('/')
  check('  and her visits were kept', home.text.includes('You have been here 4 times.'), home.text)
  check(
    '  and her name is shown',
    home.text.includes('Signed in as <strong>Alice</strong>'),
    home.text,
  )

  const bob = client()
  await bob.post('/login', { user: 'bob', password: 'builder' })

  const refused = await bob.get('/admin')
  check('Bob gets 403 from /admin', refused.status === 403, where(refused))
  check(
    '  before the origin is asked',
    !refused.text.includes('This is for administrators'),
    refused.text,
  )

  check(
    '  and sees /account',
    (await bob.get('/account')).text.includes('Signed in as <strong>Bob</strong>'),
  )

  for (const name of ['x-powered-by', 'server', 'portcullis-session', 'portcullis-assertion']) {
    check(
      `the origin's ${name} goes no further`,
      home.headers[name] === undefined,
      String(home.headers[name]),
    )
  }

  const forged = await client().get('/cookies')
  const names = (forged.headers['set-cookie'] ?? []).map((line) => line.split('=')[0])
  check(
    "the origin cannot set the gateway's cookie",
    forged.status === 200 && !names.includes('__Host-session'),
  )

  const policy =
    home.headers['content-security-policy'] ?? home.headers['content-security-policy-report-only']
  check('a Content-Security-Policy is there', policy !== undefined)

  return before
}

/** What the home page lists, by its sections. `said`: what the terminal shows. */
async function features(said: () => string): Promise<void> {
  const visitor = client()
  const statuses = async (send: () => Promise<Answer>, times: number): Promise<string> => {
    const all: number[] = []
    for (let i = 0; i < times; i++) all.push((await send()).status)
    return all.join(' ')
  }

  const answers = async (path: string, status: number): Promise<Answer> => {
    const answer = await visitor.get(path)
    check(`${path} is ${status}`, answer.status === status, where(answer))
    return answer
  }

  const guesses = await statuses(
    () => visitor.post('/login', { user: 'carol', password: 'guess' }),
    6,
  )
  check(`wrong passwords: ${guesses}`, guesses === '401 401 401 401 401 429')

  await answers('/here', 200)
  await answers('/office', 403)

  const bob = client()
  await bob.post('/login', { user: 'bob', password: 'builder' })

  const stranger = await visitor.get('/password')
  check(
    '/password asks a stranger to log in',
    isRedirect(stranger, '/login?return_to='),
    where(stranger),
  )

  const fresh = await bob.get('/password')
  check('/password is 200 for who just signed in', fresh.status === 200, where(fresh))

  const regular = [await bob.get('/regulars')]
  for (const path of ['/', '/', '/', '/regulars']) regular.push(await bob.get(path))
  check(
    '/regulars is 403, and 200 after three visits',
    regular[0]?.status === 403 && regular[4]?.status === 200,
    regular.map(where).join('\n'),
  )

  const first = await visitor.get('/limited')
  check(
    '/limited tells what is left',
    first.headers.ratelimit === '"demo";r=4;t=20',
    String(first.headers.ratelimit),
  )

  const limited = await statuses(() => visitor.get('/limited'), 5)
  check(`  and then: ${limited}`, limited === '200 200 200 200 429')

  const made = [await answers('/cached', 200)]
  // It is kept once it was sent: who asks in the same moment may be too early.
  for (let i = 0; i < 5 && !String(made[0]?.headers['cache-status']).includes('; hit'); i++) {
    await new Promise((done) => setTimeout(done, 100 * i))
    made.unshift(await visitor.get('/cached'))
  }

  check('  made once', made[0]?.text === made[1]?.text, made.map(where).join('\n'))
  const hit = String(made[0]?.headers['cache-status'])
  check(`  ${hit}`, /^portcullis; hit; ttl=\d+$/.test(hit))

  const unsteady: Answer[] = []
  for (let i = 0; i < 2; i++) {
    if (i > 0) await new Promise((done) => setTimeout(done, 2100)) // it is kept for a second
    unsteady.push(await visitor.get('/unsteady'))
  }

  const stale = String(unsteady[1]?.headers['cache-status'])
  check(
    `/unsteady: ${unsteady.map(({ status }) => status).join(' ')}, ${stale}`,
    unsteady[1]?.status === 200,
  )
  check('  the same answer, though the origin failed', unsteady[0]?.text === unsteady[1]?.text)

  check('  the second try', (await answers('/breaks-once', 200)).text.includes('second try'))
  const breaks = await statuses(() => visitor.get('/breaks'), 4)
  check(`/breaks: ${breaks}`, breaks === '502 502 502 503')
  await answers('/nowhere', 502)
  await answers('/late', 504)
  check('  without a stack trace', !(await answers('/boom', 500)).text.includes('hunter2'))
  const shown = await answers('/boom/shown', redis ? 500 : 404)
  check('  with one only where --traces asks for it', shown.text.includes('hunter2') === redis)
  await answers('/nothing-here', 404)

  for (const [query, status] of [
    ['{ articles(take: 2) { title } }', 200],
    ['{ articles { author { articles { author { articles { title } } } } } }', 400],
    ['{ articles(take: -1) { title } }', 400],
    ['{ __schema { types { name } } }', 403],
  ] as const) {
    const answer = await visitor.post('/graphql', JSON.stringify({ query }), 'application/json')
    check(`${query} is ${status}`, answer.status === status, where(answer))
  }

  for (const [bytes, type, status] of [
    [10, 'application/x-www-form-urlencoded', 200],
    [2000, 'application/x-www-form-urlencoded', 413],
    [10, 'text/plain', 415],
  ] as const) {
    const answer = await visitor.post('/upload', 'x'.repeat(bytes), type)
    check(`${bytes} bytes of ${type}: ${status}`, answer.status === status, where(answer))
  }

  for (const path of ['/files/..%2Fadmin', '/here;/admin', '/here%00']) await answers(path, 400)
  check('  to the plain spelling', isRedirect(await answers('/%68ere', 308), '/here'))

  const redirected = await answers('/redirect/absolute', 302)
  check(
    '  rewritten',
    redirected.headers.location?.startsWith(url) === true,
    redirected.headers.location,
  )

  const received = JSON.parse((await answers('/headers', 200)).text) as Record<string, string>
  check('  without our cookie', !received.cookie?.includes('__Host-session'), received.cookie)
  check(
    '  with a trace',
    /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/.test(received.traceparent ?? ''),
    received.traceparent,
  )

  const careless = ((await visitor.get('/cookies')).headers['set-cookie'] ?? []).find((line) =>
    /^theme=/.test(line),
  )
  check(`/cookies: ${careless}`, careless === 'theme=dark; SameSite=Lax') // and Secure, where the origin is https

  const timing = String((await visitor.get('/slow?ms=50')).headers['server-timing'])
  check(`server-timing: ${timing}`, /origin;dur=\d/.test(timing))

  const report = {
    'csp-report': { 'effective-directive': 'img-src', 'blocked-uri': 'https://evil.test/a.png' },
  }
  await visitor.post('/.portcullis/reports', JSON.stringify(report), 'application/csp-report')
  for (const path of ['health', 'ready', 'jwks.json']) await answers(`/.portcullis/${path}`, 200)

  const lines = said()
  for (const event of [
    'request',
    'login-throttled',
    'rate-limited',
    'upstream-retried',
    'breaker-opened',
    'csp-report',
  ]) {
    check(`the terminal tells of ${event}`, lines.includes(`"event":"${event}"`))
  }

  check(
    '  and of no password, no account and no whole address',
    !/wonderland|guess|carol|127\.0\.0\.1"/.test(jsonLines(lines)),
  )
}

function jsonLines(text: string): string {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .join('\n')
}

/** The same origin behind the configuration that is deployed: no option of the demo's is in it. */
async function deployable(): Promise<Client> {
  const visitor = client()
  const home = await visitor.get('/')
  check(
    '--worker: the deployable shows the page too',
    home.text.includes('You have been here 1 time.'),
    home.text,
  )

  const form = await visitor.post('/logout')
  check(
    '  and takes no form with a cookie that does not say where it comes from',
    form.status === 403,
    where(form),
  )

  const bob = client()
  await bob.post('/login', { user: 'bob', password: 'builder' })
  const page = (await bob.get('/devices')).text
  check('  and keeps sessions in cookies: /devices lists none', page.includes('no list'), page)
  const refused = await bob.post('/devices', { others: '1' }, undefined, 'same-origin')
  check(
    '  and a logout elsewhere that cannot be kept is no success',
    refused.status === 503,
    where(refused),
  )
  check('  so Bob stays signed in', (await bob.get('/account')).status === 200)
  await bob.get('/')
  return bob
}

/** A session that is in its cookie is there after everything was stopped and started again. */
async function stayed(bob: Client, when: string): Promise<void> {
  const home = await bob.get('/')
  check(
    `${when}: Bob is still signed in`,
    home.text.includes('Signed in as <strong>Bob</strong>'),
    home.text,
  )
  check('  and his visits were kept', home.text.includes('You have been here 2 times.'), home.text)
  check('  and his pages are open to him', (await bob.get('/account')).status === 200)
}

/** Lets wrangler begin the Worker again, as a change of its source does: nothing in its memory stays. */
async function reload(said: () => string): Promise<void> {
  const before = said().length
  const now = new Date()
  utimesSync('examples/express-origin/worker.ts', now, now)
  for (let tries = 0; tries < 150 && !isReloaded(said().slice(before)); tries++)
    await new Promise((done) => setTimeout(done, 200))
  check('the Worker began again', isReloaded(said().slice(before)), said().slice(before))
}

function isReloaded(said: string): boolean {
  return said.includes('Local server updated and ready')
}

/** Bob on two devices. */
async function devices(): Promise<void> {
  const [here, there] = [client(), client()]
  for (const device of [here, there])
    await device.post('/login', { user: 'bob', password: 'builder' })

  const page = (await here.get('/devices')).text
  // The third is from before: another browser of Bob's.
  const ids = [...page.matchAll(/name="end" value="([\w-]+)"/g)].map(([, id]) => id)
  check(
    '/devices lists three sessions of Bob',
    ids.length === 3 && page.split('(this one)').length === 2,
    page,
  )

  const ended = await here.post('/devices', {
    end: ids[0] === idOf(page) ? (ids[1] ?? '') : (ids[0] ?? ''),
  })
  check('  one is ended', isRedirect(ended, '/devices'), where(ended))
  check(
    '  and gone from the list',
    (await here.get('/devices')).text.split('name="end"').length === 3,
  )
  await here.post('/devices', { others: '1' })

  const account = await there.get('/account')
  check('  then all others', isRedirect(account, '/login?return_to='), where(account))
  check('  which still see public pages', (await there.get('/')).text.includes('Not signed in'))
  check('  and this one stays', (await here.get('/account')).status === 200)
}

/** The id of the session that a page of devices was shown to. */
function idOf(page: string): string | undefined {
  return /\(this one\)[\s\S]*?name="end" value="([\w-]+)"/.exec(page)?.[1]
}

/** Alice's session later on, also after the Worker came back. */
async function leave(visitor: Client, stale: string | undefined): Promise<void> {
  const home = await visitor.get('/')
  check(
    'a session is still there',
    home.text.includes('Signed in as <strong>Alice</strong>'),
    home.text,
  )

  check('  and its data too', home.text.includes('You have been here 5 times.'), home.text)
  const logout = await visitor.post('/logout')
  check('logout leads home', isRedirect(logout, '/'), where(logout))
  check('  and takes the cookie away', !visitor.jar.has('__Host-session') && stale !== undefined)

  const account = await visitor.get('/account')
  check(
    '  and /account asks for a login again',
    isRedirect(account, '/login?return_to='),
    where(account),
  )

  const again = await visitor.get('/')
  check(
    '  and the counter starts over',
    again.text.includes('You have been here 1 time.'),
    again.text,
  )
}

function check(what: string, held: boolean, otherwise = ''): void {
  count[held ? 'passed' : 'failed'] += 1
  console.log(
    `${held ? 'ok    ' : 'FAILED'} ${what}${held || otherwise === '' ? '' : `\n       ${otherwise.slice(0, 2000)}`}`,
  )
}

function client(): Client {
  const jar = new Map<string, string>()
  const send = async (
    method: string,
    path: string,
    body?: string,
    type?: string,
    site?: string,
  ): Promise<Answer> => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await ask(method, path, { cookie, body, type, site })

    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/; *max-age=0(?:;|$)/i.test(line)) jar.delete(name)
      else jar.set(name, value)
    }

    return answer
  }

  return {
    jar,
    get: (path) => send('GET', path),
    post(path, body = {}, type = 'application/x-www-form-urlencoded', site) {
      const text = typeof body === 'string' ? body : new URLSearchParams(body).toString()
      return send('POST', path, text, type, site)
    },
  }
}

/** Not fetch: Node's adds Fetch Metadata of a script, and a newcomer's curl has none. */
function ask(method: string, path: string, { cookie, body, type, site }: Sent): Promise<Answer> {
  const headers = {
    accept: 'text/html, */*;q=0.1', // a page is wanted: without it, who may not see /admin gets 401 and no redirect
    ...(cookie && { cookie }),
    ...(site !== undefined && { 'sec-fetch-site': site }),
    ...(body !== undefined && { 'content-type': type, 'content-length': body.length }),
  }

  return new Promise((done, failed) => {
    const sent = request(
      url + path,
      { method, headers, agent: false, timeout: 10_000 },
      async (res) => {
        let text = ''
        for await (const chunk of res.setEncoding('utf8')) text += chunk
        done({ status: res.statusCode ?? 0, headers: res.headers, text })
      },
    )

    sent
      .once('timeout', () => sent.destroy(new Error(`${method} ${path} is not answered`)))
      .once('error', failed)
    sent.end(body)
  })
}

function isRedirect({ status, headers }: Answer, to: string): boolean {
  const location = headers.location?.replace(url, '') ?? ''
  return (
    status >= 300 && status < 400 && (to.endsWith('=') ? location.startsWith(to) : location === to)
  )
}

function where({ status, headers, text }: Answer): string {
  return `${status} ${headers.location ?? ''} ${text}`
}

function silent(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`).then(
    () => false,
    () => true,
  )
}

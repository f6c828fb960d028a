/** One person with a browser, who remembers what was acknowledged, and notices when it is gone. */
import { Agent, request as httpRequest } from 'node:http'

/** What all visitors together came to. */
export interface Ledger {
  requests: number
  /** Answers by what they were: `200`, `503`, `reset`. */
  readonly answers: Map<string, number>
  /** Times a session was asked for and had to be there, or had to be over. */
  checked: number
  /** Sessions, writes and logouts that were acknowledged and then not there. */
  readonly lost: string[]
  /** Answers that nothing explains. */
  readonly unexplained: string[]
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly location: string | undefined
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 })
/** What a client may be told while something behind the gateway is broken. */
const troubled: ReadonlySet<number> = new Set([502, 503, 504])

/** Lives until `over`. `slow`: sends its forms a few bytes at a time, and reads as slowly. */
export async function visitor(
  url: string,
  ledger: Ledger,
  index: number,
  over: () => boolean,
  slow: boolean,
): Promise<void> {
  const jar = new Map<string, string>()
  const [user, password] = index % 2 === 0 ? ['alice', 'wonderland'] : ['bob', 'builder']
  let signedIn = false
  /** Counts that were acknowledged, and those whose answer never came: they may be there. */
  let [least, most] = [0, 0]
  // A write that was given up may still be on its way to Redis, and be carried out behind the next one.
  let [unsure, sureAt] = [0, 0]

  async function ask(method: string, path: string, form?: string): Promise<Answer> {
    ledger.requests++
    const answer = await send(
      url,
      method,
      path,
      [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
      form,
      slow,
    )
    const what = answer === undefined ? 'reset' : `${answer.status}`
    ledger.answers.set(what, (ledger.answers.get(what) ?? 0) + 1)
    if (answer === undefined) return { status: 0, text: '', location: undefined }
    for (const cookie of answer.cookies) {
      const [pair = '', ...attributes] = cookie.split('; ')
      const at = pair.indexOf('=')
      if (attributes.includes('Max-Age=0')) jar.delete(pair.slice(0, at))
      else jar.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return answer
  }
  const trouble = ({ status }: Answer): boolean => status === 0 || troubled.has(status)
  const odd = (what: string, { status, location }: Answer): void =>
    void ledger.unexplained.push(`visitor ${index}: ${what} answered ${status} ${location ?? ''}`)

  while (!over()) {
    const dice = Math.random()
    if (!signedIn && dice < 0.3) {
      const answer = await ask(
        'POST',
        '/login',
        `user=${user}&password=${password}&return_to=%2Faccount`,
      )
      if (answer.status === 303) signedIn = true
      // The answer to a login that was lost may have been a login: start afresh, as a person would.
      else if (trouble(answer)) jar.clear()
      else odd('a login', answer)
      if (answer.status !== 303) [least, most] = [0, Number.POSITIVE_INFINITY]
      else most = Number.POSITIVE_INFINITY // what a visitor counted is kept, if there was one
    } else if (signedIn && dice < 0.04) {
      const old = new Map(jar)
      const answer = await ask('POST', '/logout', '')
      if (trouble(answer)) {
        // Said to have failed, or not heard: the cookie decides, and must not be half of a session.
        jar.clear()
      } else if (answer.status === 303) {
        for (const [name, value] of old) jar.set(name, value)
        const after = await ask('GET', '/account')
        ledger.checked++
        if (after.status === 200) ledger.lost.push(`visitor ${index}: a logout`)
        else if (after.status !== 303 && !trouble(after)) odd('a page after a logout', after)
        jar.clear()
      } else odd('a logout', answer)
      signedIn = false
      ;[least, most] = [0, Number.POSITIVE_INFINITY]
    } else if (dice < 0.5) {
      const answer = await ask('GET', '/')
      const count = Number(/You have been here (\d+) time/.exec(answer.text)?.[1] ?? Number.NaN)
      if (answer.status === 200 && count > 0) {
        ledger.checked++
        if (signedIn && (count < least + 1 || count > most + 1)) {
          ledger.lost.push(
            `visitor ${index}: counted ${count}, acknowledged were ${least} to ${most}`,
          )
        }
        if (Date.now() > sureAt) unsure = 0
        ;[least, most] = [count, count + unsure]
      } else if (trouble(answer)) {
        most += 1
        unsure += 1
        sureAt = Date.now() + 10_000
      } else odd('the home page', answer)
    } else if (signedIn) {
      const answer = await ask('GET', '/account')
      if (answer.status === 200 && answer.text.includes(`<dd>${user}</dd>`)) ledger.checked++
      else if (answer.status === 200) ledger.lost.push(`visitor ${index}: is somebody else`)
      else if (answer.status === 302 || answer.status === 303) {
        ledger.checked++
        ledger.lost.push(`visitor ${index}: a session (sent to ${answer.location})`)
        signedIn = false
      } else if (!trouble(answer)) odd('the account', answer)
    } else {
      const answer = await ask('GET', '/demo.css')
      if (answer.status !== 200 && !trouble(answer)) odd('a file', answer)
    }
    await new Promise((done) => setTimeout(done, 20 + Math.random() * 100))
  }
}

/** One request; undefined where the connection broke. */
function send(
  url: string,
  method: string,
  path: string,
  cookie: string,
  form: string | undefined,
  slow: boolean,
): Promise<(Answer & { readonly cookies: readonly string[] }) | undefined> {
  return new Promise((done) => {
    const headers: Record<string, string | number> = {
      accept: 'text/html',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-site': 'same-origin',
    }
    if (cookie !== '') headers.cookie = cookie
    if (form !== undefined) {
      Object.assign(headers, {
        origin: url,
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': form.length,
      })
    }
    const asked = httpRequest(
      `${url}${path}`,
      { method, headers, agent, timeout: 30_000 },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
          if (!slow) return
          response.pause()
          setTimeout(() => response.resume(), 50)
        })
        response.on('error', () => done(undefined))
        response.on('end', () => {
          const { statusCode = 0, headers } = response
          done({
            status: statusCode,
            text,
            location: headers.location,
            cookies: headers['set-cookie'] ?? [],
          })
        })
        response.on('aborted', () => done(undefined))
      },
    )
    asked.on('error', () => done(undefined))
    asked.on('timeout', () => asked.destroy())
    if (form === undefined || !slow) return void asked.end(form)
    let at = 0
    const timer = setInterval(() => {
      if (asked.destroyed) return clearInterval(timer)
      asked.write(form.slice(at, at + 8))
      at += 8
      if (at < form.length) return
      clearInterval(timer)
      asked.end()
    }, 100)
  })
}

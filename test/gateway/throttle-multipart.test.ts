import { describe, expect, it } from 'vitest'
import { memoryThrottle } from '../../src/limit/throttle/stores/memory-throttle.ts'
import { type LoginBench, loginBench, right } from './login-bench.ts'
import { type LoginOrigin, origins } from './login-origins.ts'

const boundary = '----WebKitFormBoundaryq8Yw3nP0'
const contentType = `multipart/form-data; boundary=${boundary}`
const part = (head: string, value: string): string => `--${boundary}\r\n${head}\r\n\r\n${value}\r\n`
const field = (name: string, value: string): string =>
  part(`Content-Disposition: form-data; name="${name}"`, value)
const file = (name: string, content: string): string =>
  part(
    `Content-Disposition: form-data; name="${name}"; filename="a.txt"\r\nContent-Type: text/plain`,
    content,
  )
const whole = (...parts: readonly string[]): string => `${parts.join('')}--${boundary}--\r\n`

/** The last field of a name that is no file, as PHP, Rack, Django and qs behind multer have it. */
function lastField(body: string, wanted: string): string {
  const values = body
    .split(`--${boundary}`)
    .map((each) =>
      /^\r\nContent-Disposition: form-data; name="([^"]*)"\r\n\r\n(.*)\r\n$/s.exec(each),
    )
    .filter((found) => found?.[1] === wanted)
  return values.at(-1)?.[2] ?? ''
}

/** The field of its account; the other ones are named in its manner. */
function accountField({ throttle: { account } }: LoginOrigin): string {
  return 'form' in account ? account.form : ''
}

/** The same server, to which its form is sent as `multipart/form-data`, by `enctype` or by curl -F. */
function asMultipart(origin: LoginOrigin): LoginOrigin {
  const name = accountField(origin)
  const password = name.replace('email', 'password')
  return {
    ...origin,
    request: (email, word) => ({
      method: 'POST',
      headers: { 'content-type': contentType },
      body: whole(field(name, email), field(password, word)),
    }),
    read: (body) => ({ email: lastField(body, name), password: lastField(body, password) }),
  }
}

const families = ['express', 'django', 'wordpress', 'laravel', 'devise']
const servers = origins
  .filter(({ name }) => families.includes(name))
  .map((origin) => [origin.name, asMultipart(origin)] as const)
const start = (origin: LoginOrigin): Promise<LoginBench> => loginBench(origin, memoryThrottle())
const post = (body: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': contentType },
  body,
})
const guesses = (at: LoginBench): number => at.verified.filter((email) => email === 'victim').length

// for i in $(seq 60); do curl -F email=victim -F password=guess-$i https://app.example.com/login; done
describe.each(servers)('T4: a login in multipart/form-data at %s', (_, origin) => {
  const name = accountField(origin)

  it('of 60 guesses five reach it', async () => {
    const at = await start(origin)
    for (let i = 0; i < 60; i++) await at.login('victim', `guess-${i}`)
    expect(guesses(at)).toBe(5)
    expect(at.events.some(({ type }) => type === 'login-throttled')).toBe(true)
  })

  it('counts with the urlencoded form of the same address', async () => {
    const at = await start(origin)
    const urlencoded = {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ [name]: 'victim', password: 'guess' }).toString(),
    }
    for (let i = 0; i < 60; i++)
      await at.login('victim', 'guess', i % 2 === 0 ? {} : { init: urlencoded })
    // The double reads parts only, and notes an urlencoded guess as nobody's.
    expect(at.verified).toHaveLength(5)
  })

  it('clears the count of its account by its success', async () => {
    const at = await start(origin)
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 4; i++) await at.login('zoe', 'typo')
      expect((await at.login('zoe', right)).status).toBeLessThan(400)
    }
    expect(at.verified).toHaveLength(15)
  })

  it.each([
    ['the account twice', field(name, 'victim')],
    ['a list', field(`${name}[]`, 'victim')],
    ['another spelling', field(name.toUpperCase(), 'victim')],
    ['a file of its name', file(name, 'victim')],
    [
      'parts in a part',
      part(
        'Content-Disposition: form-data; name="x"\r\nContent-Type: multipart/mixed; boundary=y',
        'z',
      ),
    ],
  ])('refuses %s behind a decoy, and charges the address', async (_title, more) => {
    const at = await start(origin)
    const body = (i: number): string =>
      whole(field(name, `decoy-${i}`), more, field('password', 'guess'))
    const answers: number[] = []
    for (let i = 0; i < 110; i++)
      answers.push((await at.login('', '', { init: post(body(i)) })).status)
    expect(at.verified).toEqual([])
    expect([answers[0], answers[99], answers[100]]).toEqual([400, 400, 429])
  })

  it('takes what a file holds for no field', async () => {
    const at = await start(origin)
    const notes = file('notes', `${name}=victim&password=guess`)
    for (let i = 0; i < 3; i++) {
      const body = whole(field(name, 'zoe'), field('password', 'x'), notes)
      await at.login('', '', { init: post(body) })
    }
    expect(at.verified).toEqual(['zoe', 'zoe', 'zoe'])
  })
})

describe('T11: a login in multipart/form-data', () => {
  it('arrives byte for byte, with its boundary, whatever bytes a file has', async () => {
    const at = await start(asMultipart(origins[0] as LoginOrigin))
    const encoder = new TextEncoder()
    const [before = '', after = ''] = whole(
      field('email', 'zo\u00e9'),
      field('password', ' a&b;c=%41 '),
      file('f', 'BYTES'),
    ).split('BYTES')
    const body = Uint8Array.from([
      ...encoder.encode(before),
      ...[0xff, 0x00, 0x0a, 0x0d, 0xe9],
      ...encoder.encode(after),
    ])
    await at.login('', '', { init: { ...post(''), body } })
    const { init, headers } = at.last()
    expect(new Uint8Array(await new Response(init.body).arrayBuffer())).toEqual(body)
    expect(headers.get('content-type')).toBe(contentType)
  })
})

import { describe, expect, it } from 'vitest'
import {
  type AccountRead,
  type AccountRule,
  createAccountReader,
} from '../../src/limit/throttle/account/read-account.ts'

const type = 'multipart/form-data; boundary=x'
const encoder = new TextEncoder()

/** A part with these lines of a head. */
const part = (head: string, value: string): string => `--x\r\n${head}\r\n\r\n${value}\r\n`
const field = (name: string, value: string): string =>
  part(`Content-Disposition: form-data; name="${name}"`, value)
const file = (name: string, content: string, fileName = 'a.txt'): string =>
  part(
    `Content-Disposition: form-data; name="${name}"; filename="${fileName}"\r\nContent-Type: text/plain`,
    content,
  )
const end = '--x--\r\n'
const decoy = field('email', 'decoy') + field('password', 'x')

interface Asked {
  readonly rule?: AccountRule
  readonly contentType?: string
  readonly search?: string
  readonly headers?: Record<string, string>
}

function ask(
  body: string | Uint8Array<ArrayBuffer>,
  { rule = { form: 'email' }, contentType = type, search = '', headers = {} }: Asked = {},
): Promise<AccountRead> {
  const init = { method: 'POST', headers: { 'content-type': contentType, ...headers }, body }
  return createAccountReader(rule)(new Request('https://app.example.com/login', init), search)
}

// curl -F email=zoe@example.com -F password=... https://app.example.com/login
describe('T4: a login in multipart/form-data', () => {
  it('names its account, and goes on byte for byte', async () => {
    const body = encoder.encode(
      field('csrf', 'abc') + field('email', 'Zo\u00e9@example.com') + field('password', 'x') + end,
    )
    const read = await ask(body)
    expect(read).toMatchObject({
      ok: true,
      account: { key: 'zoe@example.com', text: 'Zo\u00e9@example.com' },
    })
    // Bytes as numbers: in edge-runtime a body is an array of another realm.
    expect([...((read as { body?: Uint8Array }).body ?? [])]).toEqual([...body])
  })

  it('is read as a browser writes it', async () => {
    const form = new FormData()
    form.set('user[email]', 'zoe@example.com')
    form.set('user[password]', 'a & b = c; d')
    form.set('avatar', new File(['\u00e9'], 'a b.png', { type: 'image/png' }))
    const sent = new Request('https://app.example.com/login', { method: 'POST', body: form })
    const bytes = new Uint8Array(await sent.clone().arrayBuffer())
    const read = await createAccountReader({ form: 'user[email]' })(sent, '')
    expect(read).toMatchObject({ ok: true, account: { text: 'zoe@example.com' } })
    expect(read.ok && read.body).toEqual(bytes)
  })

  it('may hold a file that is no text, whose bytes go on', async () => {
    const body = Uint8Array.from([
      ...encoder.encode(`${decoy}--x\r\nContent-Disposition: form-data; name="f"; filename="f"`),
      ...encoder.encode('\r\n\r\n'),
      ...[0xff, 0x00, 0xe9, 0x0a],
      ...encoder.encode(`\r\n${end}`),
    ])
    expect(await ask(body)).toEqual({ ok: true, account: { key: 'decoy', text: 'decoy' }, body })
  })

  it('finds no field in what a file holds', async () => {
    const inside = field('email', 'victim').replaceAll('--x', '--y')
    for (const content of ['email=victim', '&email=victim', inside, '{"email":"victim"}']) {
      expect(await ask(decoy + file('notes', content) + end)).toMatchObject({
        ok: true,
        account: { text: 'decoy' },
      })
    }
    expect(await ask(file('notes', 'email=victim') + end)).toEqual({ ok: false, status: 400 })
  })

  it.each([
    ['twice', field('email', 'victim')],
    ['twice, by letter case', field('EMAIL', 'victim')],
    ['a list besides', field('email[]', 'victim')],
    ['an object besides', field('email[x]', 'victim')],
    ['what ASP.NET Core prefers', field('input.email', 'victim')],
    ['what Rails wraps', field('user[email]', 'victim')],
    ['a file of the same name', file('email', 'victim')],
    ['a file of the same name that was not chosen', file('email', '', '')],
    ['a name with a NUL', field('email\0x', 'victim')],
    ['a name with an escape', field('em%61il', 'victim')],
    [
      'a name in another parameter',
      part('Content-Disposition: form-data; name*=utf-8\'\'email; name="y"', 'victim'),
    ],
    ['a second name', part('Content-Disposition: form-data; name="y"; name="email"', 'victim')],
    ['another disposition', part('Content-Disposition: attachment; name="email"', 'victim')],
    [
      'a coding',
      part('Content-Disposition: form-data; name="y"\r\nContent-Transfer-Encoding: base64', 'dg=='),
    ],
    [
      'parts in a part, in which Python’s cgi looks',
      part(
        'Content-Disposition: form-data; name="y"\r\nContent-Type: multipart/mixed; boundary=z',
        '--z\r\nContent-Disposition: form-data; name="email"\r\n\r\nvictim\r\n--z--',
      ),
    ],
    [
      'a form in a file, in which Python’s cgi looks',
      part(
        'Content-Disposition: form-data; name="y"; filename="z"\r\nContent-Type: application/x-www-form-urlencoded',
        'email=victim',
      ),
    ],
    [
      'a boundary behind a line feed',
      '--x\nContent-Disposition: form-data; name="email"\n\nvictim\n',
    ],
    ['another charset', field('_charset_', 'utf-16')],
  ])('with %s is 400', async (_, more) => {
    expect(await ask(decoy + more + end)).toEqual({ ok: false, status: 400 })
    expect(await ask(more + decoy + end)).toEqual({ ok: false, status: 400 })
  })

  it.each([
    ['without the account', field('password', 'x') + end],
    ['with an empty one', field('email', '') + end],
    [
      'with bytes instead of a text',
      part(
        'Content-Disposition: form-data; name="email"\r\nContent-Type: application/octet-stream',
        'victim',
      ) + end,
    ],
    ['without an end', decoy],
    ['with text before it', `x\r\n${decoy}${end}`],
    ['with another body behind it', decoy + end + field('email', 'victim') + end],
    ['that is empty', ''],
    [
      'of 1,001 parts',
      decoy + '--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n'.repeat(1000) + end,
    ],
  ])('%s is 400, or larger than a login', async (_, body) => {
    const read = await ask(body)
    expect(read).toEqual({ ok: false, status: body.length > 16_384 ? 413 : 400 })
  })

  it.each([
    ['no boundary', 'multipart/form-data'],
    ['another parameter', 'multipart/form-data; boundary=x; charset=utf-8'],
    ['two boundaries', 'multipart/form-data; boundary=y; boundary=x'],
    ['two types', 'multipart/form-data; boundary=x, application/x-www-form-urlencoded'],
    ['an escaped boundary', 'multipart/form-data; boundary="\\x"'],
  ])('with %s is 400', async (_, contentType) => {
    expect(await ask(decoy + end, { contentType })).toEqual({ ok: false, status: 400 })
  })

  it('is 415 as another kind of multipart, coded, or where the account is no field of a form', async () => {
    const refused = { ok: false, status: 415 }
    expect(await ask(decoy + end, { contentType: 'multipart/mixed; boundary=x' })).toEqual(refused)
    expect(await ask(decoy + end, { headers: { 'content-encoding': 'gzip' } })).toEqual(refused)
    expect(await ask(decoy + end, { rule: { json: 'email' } })).toEqual(refused)
    expect(await ask(decoy + end, { rule: { graphql: 'login', argument: 'email' } })).toEqual(
      refused,
    )
  })

  it('has at most 16 KB, files and all', async () => {
    const padded = (bytes: number): string => {
      const empty = decoy + file('f', '') + end
      return decoy + file('f', 'a'.repeat(bytes - empty.length)) + end
    }
    expect(await ask(padded(16_384))).toMatchObject({ ok: true })
    expect(await ask(padded(16_385))).toEqual({ ok: false, status: 413 })
  })

  it('names its account nowhere else', async () => {
    expect(await ask(decoy + end, { search: '?next=/' })).toMatchObject({ ok: true })
    expect(await ask(decoy + end, { search: '?email=victim' })).toEqual({ ok: false, status: 400 })
  })

  it('passes without an account where that is optional, unless a part could be it', async () => {
    const rule = { form: 'email', optional: true }
    expect(await ask(field('code', '123456') + end, { rule })).toMatchObject({
      ok: true,
      account: undefined,
      charged: true,
    })
    expect(await ask(file('email', 'victim') + end, { rule })).toEqual({ ok: false, status: 400 })
  })
})

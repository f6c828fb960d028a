import { describe, expect, it } from 'vitest'
import { type AccountRead, type AccountRule, accountReader } from '../../src/limit/throttle/read-account.ts'

const formType = 'application/x-www-form-urlencoded'
const jsonType = 'application/json'

function ask(rule: AccountRule, body: BodyInit, type: string, more: Record<string, string> = {}): Promise<AccountRead> {
  const [path = '', search = ''] = (more.path ?? '').split('?')
  const headers = { 'content-type': type, ...(more.coding !== undefined && { 'content-encoding': more.coding }) }
  const init = { method: 'POST', body, headers }
  return accountReader(rule)(new Request(`https://app.example.com/login${path}`, init), search && `?${search}`)
}
const form = (body: string, field = 'email'): Promise<AccountRead> => ask({ form: field }, body, formType)
const json = (body: string, path: string | string[] = 'email'): Promise<AccountRead> =>
  ask({ json: path }, body, jsonType)

describe('a form', () => {
  it('is read, and written anew as it was read', async () => {
    expect(await form('email=Zo%C3%A9%40example.com&password=a+b%2Bc;d&next=%2F')).toEqual({
      ok: true,
      account: 'zoe@example.com',
      body: 'email=Zo%C3%A9%40example.com&password=a+b%2Bc%3Bd&next=%2F',
      type: formType,
    })
  })

  it('takes the names that frameworks give: user[email] beside user[password]', async () => {
    const read = await form('user%5Bemail%5D=a%40b.example&user%5Bpassword%5D=x&user[remember_me]=1', 'user[email]')
    expect(read).toMatchObject({ ok: true, account: 'a@b.example' })
  })

  // curl -d 'email=decoy&email=victim' ...: URLSearchParams.get says decoy, Express logs in whom its handler picks.
  it.each([
    ['twice', 'email=decoy&email=victim&password=x'],
    ['twice, by letter case', 'email=decoy&EMAIL=victim'],
    ['twice, by width', 'email=decoy&%EF%BD%85mail=victim'],
    ['twice, escaped', 'email=decoy&%65mail=victim'],
    ['a list', 'email[]=victim'],
    ['a list besides', 'email=decoy&email[]=victim'],
    ['a list with an index', 'email=decoy&email[0]=victim'],
    ['an object', 'email[$ne]=x'],
    ['a half bracket', 'email=decoy&email%5B=victim'],
    ['a space before', 'email=decoy&+email=victim'],
    ['a NUL behind', 'email=decoy&email%00=victim'],
    ['another case alone', 'Email=victim'],
    ['missing', 'user=victim'],
    ['empty', 'email='],
    ['no body', ''],
    ['too long', `email=${'a'.repeat(321)}`],
  ])('%s is 400', async (_, body) => {
    expect(await form(body)).toEqual({ ok: false, status: 400 })
  })

  it.each([
    ['user[email] and all of user', 'user[email]', 'user[email]=decoy&user=victim'],
    ['user[email] and user.email', 'user[email]', 'user[email]=decoy&user.email=victim'],
    ['user[email] and a part of it', 'user[email]', 'user[email]=decoy&user[email][]=victim'],
    ['user_login and what PHP makes it of', 'user_login', 'user_login=decoy&user.login=victim'],
  ])('%s is 400', async (_, field, body) => {
    expect(await form(body, field)).toEqual({ ok: false, status: 400 })
  })

  it('a semicolon separates nothing: it goes on as part of the value', async () => {
    expect(await form('email=decoy;email=victim')).toMatchObject({ account: 'decoy;email=victim' })
    expect(await form('email=decoy;email=victim')).toMatchObject({ body: 'email=decoy%3Bemail%3Dvictim' })
  })
})

describe('JSON', () => {
  it('is read, and written anew as it was read', async () => {
    expect(await json(' { "email" : "a@b.example", "password":"x", "remember" : true } ')).toEqual({
      ok: true,
      account: 'a@b.example',
      body: '{"email":"a@b.example","password":"x","remember":true}',
      type: jsonType,
    })
    expect(await json('{"user":{"email":"a@b.example"}}', ['user', 'email'])).toMatchObject({ account: 'a@b.example' })
  })

  it.each([
    ['twice', '{"email":"decoy","email":"victim"}'],
    ['twice, escaped', '{"email":"decoy","\\u0065mail":"victim"}'],
    ['twice, by letter case', '{"email":"decoy","Email":"victim"}'],
    ['another name twice', '{"email":"a","password":"x","password":"y"}'],
    ['a list', '{"email":["victim"]}'],
    ['an object', '{"email":{"$ne":""}}'],
    ['a number', '{"email":1}'],
    ['null', '{"email":null}'],
    ['missing', '{"user":"victim"}'],
    ['a batch', '[{"email":"a"},{"email":"b"}]'],
    ['inherited', '{"__proto__":{"email":"victim"}}'],
    ['not JSON', '{email:"victim"}'],
    ['two values', '{"email":"a"}{"email":"b"}'],
    ['a byte order mark', '\ufeff{"email":"a"}'],
    ['nothing', ''],
    ['text alone', '"email"'],
    ['deep', `${'['.repeat(8000)}${']'.repeat(8000)}`],
  ])('%s is 400', async (_, body) => {
    expect(await json(body)).toEqual({ ok: false, status: 400 })
  })

  it('a name in a text is no name, and names of different objects may be the same', async () => {
    const body = '{"email":"a","note":"{\\"email\\":\\"b\\"} \\\\","list":[{"x":1},{"x":2}]}'
    expect(await json(body)).toMatchObject({ ok: true, account: 'a', body })
  })
})

describe('any login', () => {
  const rule: AccountRule = { form: 'email' }

  it.each([
    ['email', '?email=victim'],
    ['Email', '?a=1&Email=victim'],
    ['email[]', '?email%5B%5D=victim'],
  ])('that names the account in its query (%s) is 400', async (_, path) => {
    expect(await ask(rule, 'email=decoy', formType, { path })).toEqual({ ok: false, status: 400 })
  })

  it('may have another query', async () => {
    expect(await ask(rule, 'email=a', formType, { path: '?next=%2F' })).toMatchObject({ ok: true })
  })

  it.each([
    ['JSON to a form', rule, jsonType],
    ['a form to JSON', { json: 'email' }, formType],
    ['multipart', rule, 'multipart/form-data; boundary=x'],
    ['text', rule, 'text/plain'],
    ['two types', rule, `${formType}, ${jsonType}`],
    ['another charset', rule, `${formType}; charset=utf-16`],
    ['another parameter', rule, `${formType}; boundary=x`],
    ['JSON by another name', { json: 'email' }, 'application/vnd.api+json'],
  ] as const)('%s is 415', async (_, wanted, type) => {
    expect(await ask(wanted, 'email=a', type)).toEqual({ ok: false, status: 415 })
  })

  it.each(['application/x-www-form-urlencoded; charset=UTF-8', 'Application/X-WWW-Form-Urlencoded;charset="utf-8"'])(
    '%s is a form',
    async (type) => {
      expect(await ask(rule, 'email=a', type)).toMatchObject({ ok: true, account: 'a', type: formType })
    },
  )

  it('with a coded body is 415', async () => {
    expect(await ask(rule, 'email=a', formType, { coding: 'gzip' })).toEqual({ ok: false, status: 415 })
  })

  it('takes 16,384 bytes and refuses one more with 413, also without a word on its length', async () => {
    const fill = (bytes: number): Uint8Array<ArrayBuffer> =>
      new TextEncoder().encode(`email=a&password=${'x'.repeat(bytes - 17)}`)
    expect(await ask(rule, fill(16_384), formType)).toMatchObject({ ok: true })
    expect(await ask(rule, fill(16_385), formType)).toEqual({ ok: false, status: 413 })
  })

  it('that is not UTF-8 is 400', async () => {
    const bytes = new Uint8Array([...new TextEncoder().encode('email=zo'), 0xe9])
    expect(await ask(rule, bytes, formType)).toEqual({ ok: false, status: 400 })
  })
})

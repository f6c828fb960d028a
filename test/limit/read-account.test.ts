import { describe, expect, it } from 'vitest'
import {
  type AccountRead,
  type AccountRule,
  createAccountReader,
} from '../../src/limit/throttle/account/read-account.ts'

const formType = 'application/x-www-form-urlencoded'
const jsonType = 'application/json'

function ask(
  rule: AccountRule,
  body: BodyInit,
  type: string,
  more: Record<string, string> = {},
): Promise<AccountRead> {
  const [path = '', search = ''] = (more.path ?? '').split('?')
  const headers = {
    'content-type': type,
    ...(more.coding !== undefined && { 'content-encoding': more.coding }),
  }
  const init = { method: 'POST', body, headers }
  return createAccountReader(rule)(
    new Request(`https://app.example.com/login${path}`, init),
    search && `?${search}`,
  )
}
const form = (body: string, field = 'email'): Promise<AccountRead> =>
  ask({ form: field }, body, formType)
const json = (body: string, path: string | string[] = 'email'): Promise<AccountRead> =>
  ask({ json: path }, body, jsonType)

describe('a form', () => {
  it('T11: is read, and goes on byte for byte as it came', async () => {
    const body = 'em%61il=Zo%C3%A9%40example.com&&password=a+b%2bc%3Bd&next=/&flag&'
    expect(await form(body)).toEqual({
      ok: true,
      account: { key: 'zoe@example.com', text: 'Zo\u00e9@example.com' },
      body,
    })
  })

  it('takes the names that frameworks give: user[email] beside user[password]', async () => {
    const read = await form(
      'user%5Bemail%5D=a%40b.example&user%5Bpassword%5D=x&user[remember_me]=1',
      'user[email]',
    )
    expect(read).toMatchObject({ ok: true, account: { text: 'a@b.example' } })
  })

  it.each([
    [
      'login:username',
      'login=login&login%3Ausername=zoe&login%3Apassword=x&javax.faces.ViewState=e1s1',
    ],
    [
      'j_idt5:j_idt9:email',
      'j_idt5=j_idt5&j_idt5%3Aj_idt9%3Aemail=zoe&j_idt5%3Aj_idt11=&javax.faces.ViewState=1',
    ],
  ])('takes what JSF sends: %s beside the name of its form', async (field, body) => {
    expect(await form(body, field)).toMatchObject({ ok: true, account: { text: 'zoe' } })
  })

  it.each([
    'login%3Ausername=decoy&username=victim',
    'login%3Ausername=decoy&login%3Aother%3Ausername=victim',
    'login%3Ausername=decoy&login.username=victim',
  ])('T4: %s is 400, also in a form of JSF', async (body) => {
    expect(await form(body, 'login:username')).toEqual({ ok: false, status: 400 })
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

  // curl -d 'email=decoy;email=victim' ...: Rack 2 and old Pythons split at the semicolon, others do not.
  it.each([
    ['a semicolon before the account', 'email=decoy;email=victim'],
    ['a semicolon in another value', 'email=decoy&password=x;y'],
    ['a space behind &, which Rack skips', 'email=decoy& email=victim'],
    ['letters beyond ASCII', 'email=zo\u00e9'],
    ['a tab', 'email=decoy&\temail=victim'],
  ])('T2: %s is 400', async (_, body) => {
    expect(await form(body)).toEqual({ ok: false, status: 400 })
  })

  // curl -d 'email=decoy&email%00x=victim' ...: PHP ends a name at NUL.
  it.each([
    ['NUL', 'email=decoy&email%00x=victim'],
    ['NUL in another name', 'email=decoy&x%00email=victim'],
    ['a line feed', 'email=decoy&a%0Ab=victim'],
    ['DEL', 'email=decoy&emai%7Fl=victim'],
    ['a control character beyond ASCII', 'email=decoy&emai%C2%85l=victim'],
    ['an escape within an escape', 'email=decoy&em%2561il=victim'],
    ['an ampersand', 'email=decoy&a%26email=victim'],
  ])('T3: %s in a name is 400', async (_, body) => {
    expect(await form(body)).toEqual({ ok: false, status: 400 })
  })

  it.each([
    'input.email=victim',
    'user[email]=victim',
    'user.email=victim',
    'user:email=victim',
    'ctl00%24main%24email=victim',
    'email%3Autf8=victim',
    'email(1i)=victim',
    'user[email(1s)]=victim',
    'a[b][c][d][e][f][email]=victim',
    '[email]=victim',
    'email.=victim',
    'email+=victim',
    '%00=x',
    'EMA%C4%B1L=victim',
    'emai%C5%82=victim',
    'e%CC%81mail=victim',
    'em%E2%80%8Bail=victim',
    '__proto__[email]=victim',
  ])('T4: email beside %s is 400', async (other) => {
    expect(await form(`email=decoy&${other}`)).toEqual({ ok: false, status: 400 })
    expect(await form(`${other}&email=decoy`)).toEqual({ ok: false, status: 400 })
  })

  it.each([
    'user[email]=decoy&email=victim',
    'user[email]=decoy&user=victim',
    'user[email]=decoy&session[email]=victim',
  ])('T4: %s is 400', async (body) => {
    expect(await form(body, 'user[email]')).toEqual({ ok: false, status: 400 })
  })

  it('T4: takes other names that hold the same letters', async () => {
    const body = 'email=a&email_confirmation=a&emailOptIn=1&my-email=x&user[name]=z'
    expect(await form(body)).toEqual({ ok: true, account: { key: 'a', text: 'a' }, body })
  })

  it.each([
    ['Latin-1', 'email=zo%E9'],
    ['Latin-1 in another value', 'email=zoe&password=%E9'],
    ['an overlong form', 'email=z%C1%AFe'],
    ['a surrogate', 'email=zo%ED%A0%80e'],
    ['a letter as ASP.NET escapes it', 'email=zo%u0065'],
    ['half an escape', 'email=zoe%4'],
    ['no escape', 'email=zoe&password=100%'],
    ['a charset of its own', 'email=zoe&_charset_=utf-16'],
    ['a charset of its own, in capitals', 'email=zoe&_CHARSET_=iso-8859-1'],
  ])('T11: %s is 400', async (_, body) => {
    expect(await form(body)).toEqual({ ok: false, status: 400 })
  })

  it('takes 1,000 parameters, and no more: PHP and qs leave out the rest', async () => {
    expect(await form(`email=a${'&x'.repeat(999)}`)).toMatchObject({ ok: true })
    expect(await form(`email=a${'&x'.repeat(1000)}`)).toEqual({ ok: false, status: 400 })
  })
})

describe('JSON', () => {
  it('T11: is read, and goes on byte for byte as it came', async () => {
    const body =
      ' { "email" : "a@b.example", "n":12345678901234567890,"e":1e400,"z":-0, "x" : "\\u00e9" } '
    expect(await json(body)).toEqual({
      ok: true,
      account: { key: 'a@b.example', text: 'a@b.example' },
      body,
    })
    expect(await json('{"user":{"email":"a@b.example"}}', ['user', 'email'])).toMatchObject({
      account: { text: 'a@b.example' },
    })
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
    ['deep in another member', `{"email":"a","x":${'['.repeat(40)}${']'.repeat(40)}}`],
    ['half a pair of surrogates', '{"email":"a\\ud800"}'],
  ])('%s is 400', async (_, body) => {
    expect(await json(body)).toEqual({ ok: false, status: 400 })
  })

  it.each([
    ['what Rails wraps', '{"email":"decoy","session":{"email":"victim"}}'],
    ['in a list', '{"email":"decoy","x":[[{"EMAIL":"victim"}]]}'],
    ['with a dot', '{"email":"decoy","user.email":"victim"}'],
    ['with brackets', '{"email":"decoy","user[email]":"victim"}'],
    ['with a prefix', '{"email":"decoy","$email":"victim"}'],
    ['as Java compares', '{"email":"decoy","ema\u0131l":"victim"}'],
    ['as Go compares', '{"user\u017f":1,"email":"decoy","\uff45mail":"victim"}'],
  ])('T4: the account again, %s, is 400', async (_, body) => {
    expect(await json(body)).toEqual({ ok: false, status: 400 })
  })

  it('T4: the account of a path again is 400', async () => {
    const path = ['user', 'email']
    const refused = { ok: false, status: 400 }
    expect(await json('{"user":{"email":"decoy"},"User":{"email":"victim"}}', path)).toEqual(
      refused,
    )
    expect(await json('{"user":{"email":"decoy"},"USER":"x"}', path)).toEqual(refused)
    expect(await json('{"user":{"email":"decoy"},"email":"victim"}', path)).toEqual(refused)
    expect(await json('{"user":{"email":"decoy"},"user.email":"victim"}', path)).toEqual(refused)
  })

  it.each([
    ['NUL', '{"email":"decoy","email\\u0000x":"victim"}'],
    ['half a pair of surrogates', '{"email":"decoy","a\\udc00":1}'],
  ])('T3: a name with %s is 400', async (_, body) => {
    expect(await json(body)).toEqual({ ok: false, status: 400 })
  })

  it('a name in a text is no name, and names of different objects may be the same', async () => {
    const body = '{"email":"a","note":"{\\"email\\":\\"b\\"} \\\\","list":[{"x":1},{"x":2}]}'
    expect(await json(body)).toMatchObject({ ok: true, account: { key: 'a', text: 'a' }, body })
  })
})

describe('any login', () => {
  const rule: AccountRule = { form: 'email' }

  it.each([
    ['email', '?email=victim'],
    ['Email', '?a=1&Email=victim'],
    ['email[]', '?email%5B%5D=victim'],
    ['behind a semicolon', '?x=1;email=victim'],
    ['as a member', '?user[email]=victim'],
    ['with a prefix', '?input.email=victim'],
    ['behind NUL', '?email%00x=victim'],
    ['in Latin-1', '?x=%E9'],
  ])('that names the account in its query (%s) is 400', async (_, path) => {
    expect(await ask(rule, 'email=decoy', formType, { path })).toEqual({ ok: false, status: 400 })
  })

  it('may have another query', async () => {
    expect(await ask(rule, 'email=a', formType, { path: '?next=%2F' })).toMatchObject({ ok: true })
  })

  it.each([
    ['JSON to a form', rule, jsonType],
    ['a form to JSON', { json: 'email' }, formType],
    ['multipart to JSON', { json: 'email' }, 'multipart/form-data; boundary=x'],
    ['another multipart', rule, 'multipart/mixed; boundary=x'],
    ['text', rule, 'text/plain'],
    ['two types', rule, `${formType}, ${jsonType}`],
    ['another charset', rule, `${formType}; charset=utf-16`],
    ['another parameter', rule, `${formType}; boundary=x`],
    ['JSON by another name', { json: 'email' }, 'application/vnd.api+json'],
  ] as const)('%s is 415', async (_, wanted, type) => {
    expect(await ask(wanted, 'email=a', type)).toEqual({ ok: false, status: 415 })
  })

  it.each([
    'application/x-www-form-urlencoded; charset=UTF-8',
    'Application/X-WWW-Form-Urlencoded;charset="utf-8"',
  ])('%s is a form', async (type) => {
    expect(await ask(rule, 'email=a', type)).toMatchObject({ ok: true, account: { text: 'a' } })
  })

  it('with a coded body is 415', async () => {
    expect(await ask(rule, 'email=a', formType, { coding: 'gzip' })).toEqual({
      ok: false,
      status: 415,
    })
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

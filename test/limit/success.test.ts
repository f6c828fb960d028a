import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { isProven, type LoginResponse } from '../../src/limit/throttle/success/success.ts'
import { compileSuccess, type Success } from '../../src/limit/throttle/success/success-rules.ts'
import { createIssues } from '../../src/options/index.ts'

const now = Date.UTC(2026, 10, 20, 12)

interface Said {
  status?: number
  location?: string
  cookies?: string[]
  header?: [string, string]
  text?: string
  started?: boolean
  /** Cookies that the request brought. */
  sent?: string
}
function proven(success: Success, said: Said): boolean {
  const wrong = createIssues('success')
  const { rules } = compileSuccess(success, wrong)
  wrong.throwIfAny()
  const headers = new Headers(said.header && [said.header])
  if (said.location !== undefined) headers.set('location', said.location)
  for (const cookie of said.cookies ?? []) headers.append('set-cookie', cookie)
  const answer: LoginResponse = {
    ...{ status: said.status ?? 200, headers, url: 'https://app.example.com/login', now },
    ...{ text: said.text, startedSession: said.started ?? false },
    ...{ routePath: '/login', sentCookies: said.sent ?? null },
  }
  return isProven(rules, answer)
}

const accountPage: Success = { location: '/account', cookie: 'connect.sid' }
const signedIn = { status: 302, cookies: ['connect.sid=s1; Path=/'] }
const toProfile = { status: 302, location: '/accounts/profile/' }

describe('what proves a login', () => {
  it.each<[name: string, Success, Said, boolean]>([
    ['a status', { status: 201 }, { status: 201 }, true],
    ['another status', { status: 201 }, { status: 200 }, false],
    ['one of two', { status: [200, 204] }, { status: 204 }, true],
    ['a path', accountPage, { ...signedIn, location: '/account?welcome#top' }, true],
    ['a path from the host itself', accountPage, { ...signedIn, location: 'account/' }, true],
    [
      'a path on another host',
      accountPage,
      { ...signedIn, location: '//evil.example/account' },
      false,
    ],
    [
      'a path without a redirect',
      accountPage,
      { ...signedIn, status: 200, location: '/account' },
      false,
    ],
    ['a path without a cookie', accountPage, { status: 302, location: '/account' }, false],
    [
      'a path with a cookie that was sent',
      accountPage,
      { ...signedIn, location: '/account', sent: 'connect.sid=s1' },
      false,
    ],
    ['another path', accountPage, { ...signedIn, location: '/' }, false],
    ['any but the form', 'express', { ...signedIn, location: '/' }, true],
    ['any but the form, without a cookie', 'express', { status: 302, location: '/' }, false],
    [
      'any but the form, with the cookie of before',
      'express',
      { ...signedIn, location: '/', sent: 'a=1; connect.sid=s1' },
      false,
    ],
    [
      'any but the form, with that cookie escaped',
      'express',
      { ...signedIn, location: '/', sent: 'connect.sid="%731"' },
      false,
    ],
    ['a form elsewhere', 'express', { ...signedIn, location: '/fr/login' }, false],
    ['a page of the form', 'express', { ...signedIn, location: '/login/failed' }, false],
    ['the form with an extension', 'express', { ...signedIn, location: '/login.html' }, false],
    ['a form by another name', 'express', { ...signedIn, location: '/sign-in' }, false],
    ['the form', 'express', { ...signedIn, location: '/login?error=1' }, false],
    [
      'the form in another spelling',
      'express',
      { ...signedIn, location: 'https://app.example.com/x/../LOGIN/' },
      false,
    ],
    ['no Location', 'express', signedIn, false],
    ['no Location, 200', 'laravel', { status: 200 }, false],
    [
      'another host for any but the form',
      'express',
      { ...signedIn, location: 'https://evil.example/' },
      false,
    ],
    [
      'Laravel',
      'laravel',
      { status: 302, location: '/home', cookies: ['laravel_session=a'] },
      true,
    ],
    [
      'Laravel 12',
      'laravel',
      { status: 302, location: '/home', cookies: ['shop-session=a'] },
      true,
    ],
    [
      'Django',
      'django',
      { ...toProfile, cookies: ['csrftoken=a; Path=/', 'sessionid=abc; HttpOnly'] },
      true,
    ],
    ['Django that shows the form to a new guest', 'django', { cookies: ['sessionid=abc'] }, false],
    [
      'Django that leads a new guest to its form in a language',
      'django',
      { status: 302, location: '/en/login/', cookies: ['sessionid=abc'] },
      false,
    ],
    [
      'a cookie that is emptied',
      'django',
      { ...toProfile, cookies: ['sessionid=; Path=/'] },
      false,
    ],
    [
      'a cookie that is emptied, in quotes',
      'django',
      { ...toProfile, cookies: ['sessionid=""; Path=/'] },
      false,
    ],
    [
      'a cookie with Max-Age=0',
      'django',
      { ...toProfile, cookies: ['sessionid=abc; Max-Age=0'] },
      false,
    ],
    [
      'a cookie of the past',
      'django',
      { ...toProfile, cookies: ['sessionid=a; Expires=Thu, 01 Jan 1970 00:00:00 GMT'] },
      false,
    ],
    [
      'another cookie',
      'django',
      { ...toProfile, cookies: ['sessionid2=abc', 'x=sessionid=abc'] },
      false,
    ],
    [
      'a cookie by its beginning',
      'wordpress',
      { cookies: ['wordpress_logged_in_0f3=abc; path=/'] },
      true,
    ],
    [
      'a cookie whose name ends so',
      'wordpress',
      { cookies: ['x_wordpress_logged_in_0f3=abc'] },
      false,
    ],
    [
      'a cookie of Keystone',
      'keystone',
      { cookies: ['keystonejs-session=Fe26.2**x; Max-Age=28800'] },
      true,
    ],
    ['a header', { header: 'x-login' }, { header: ['X-Login', ''] }, true],
    ['no header', { header: 'x-login' }, {}, false],
    ['a header and its value', { header: ['x-login', 'ok'] }, { header: ['X-Login', 'ok'] }, true],
    [
      'a header and another value',
      { header: ['x-login', 'ok'] },
      { header: ['X-Login', 'no'] },
      false,
    ],
    ['a member', { json: ['ok', true] }, { text: '{"ok":true}' }, true],
    ['a member that is text', { json: ['ok', true] }, { text: '{"ok":"true"}' }, false],
    ['a member within', { json: ['user.active', 1] }, { text: '{"user":{"active":1}}' }, true],
    ['a member that is inherited', { json: ['constructor.name', 'Object'] }, { text: '{}' }, false],
    ['an answer that was not read', { json: ['ok', true] }, {}, false],
    ['an answer that is no JSON', { json: ['ok', true] }, { text: 'ok' }, false],
    ['a session', 'portcullis', { started: true }, true],
    ['no session', 'portcullis', { status: 303 }, false],
    ['all parts', { status: 200, cookie: 's' }, { cookies: ['s=1'] }, true],
    ['a part of them', { status: 200, cookie: 's' }, { status: 401, cookies: ['s=1'] }, false],
    ['any of two', ['django', { status: 204 }], { status: 204 }, true],
    ['none of two', ['django', { status: 204 }], { status: 200 }, false],
    ['json with its status', 'json', { status: 200 }, true],
    ['json refused', 'json', { status: 401 }, false],
    // next-auth 4.24.15 src/core/index.ts: without its CSRF token a script gets { url: '/api/auth/signin?csrf=true' } with 200.
    [
      'Auth.js',
      { cookie: '__Secure-next-auth.session-token*' },
      { cookies: ['__Secure-next-auth.session-token.0=e'] },
      true,
    ],
    [
      'Auth.js with a wrong CSRF token',
      { cookie: '__Secure-next-auth.session-token*' },
      {
        text: '{"url":"/api/auth/signin?csrf=true"}',
        cookies: ['__Host-next-auth.csrf-token=a%7Cb'],
      },
      false,
    ],
    [
      'Spring Security',
      { location: '/', cookie: 'JSESSIONID' },
      { status: 302, location: '/', cookies: ['JSESSIONID=2'] },
      true,
    ],
    [
      'Spring Security that starts a session for its error',
      { location: '/', cookie: 'JSESSIONID' },
      { status: 302, location: '/login?error', cookies: ['JSESSIONID=2'] },
      false,
    ],
    ['devise', 'devise', { status: 303, location: '/' }, true],
    [
      'devise with an invalid token, back to the form',
      'devise',
      { status: 303, location: '/login' },
      false,
    ],
    ['devise refused', 'devise', { status: 422 }, false],
  ])('%s', (_, success, said, expected) => {
    expect(proven(success, said)).toBe(expected)
  })
})

describe('T6: a session that goes on is known in every spelling that a server reads', () => {
  // curl -b $'sessionid=\xa0own' ...: Python's str.strip() takes it off, with tabs and some control characters.
  it.each([
    ['a tab before and behind', 'sessionid\t=\town\t'],
    ['a non-breaking space', 'sessionid=\xa0own'],
    ['a next line', 'a=b;\x85sessionid\x85=\x85own'],
    ['quotes and octal escapes', 'sessionid="\\157\\167n"'],
    ['percent escapes in name and value', '%73essionid=%6fwn'],
    ['quotes and needless backslashes', 'sessionid="\\o\\w\\n"'],
  ])('%s', (_, sent) => {
    expect(proven('django', { ...toProfile, cookies: ['sessionid=own; Path=/'], sent })).toBe(false)
  })

  it('a new one beside it proves a success', () => {
    expect(
      proven('django', { ...toProfile, cookies: ['sessionid=new; Path=/'], sent: 'sessionid=own' }),
    ).toBe(true)
  })

  it('PHP writes an underscore for a dot in a name', () => {
    const cookies = ['app_auth=own; Path=/']
    expect(proven({ status: 200, cookie: 'app_auth' }, { cookies, sent: 'app.auth=own' })).toBe(
      false,
    )
  })
})

describe('the option success', () => {
  it.each([
    [undefined, 'success is required: only a response that proves success may reset the count'],
    [[], 'success must contain at least one rule'],
    ['djago', 'success is no preset; did you mean django?'],
    [
      'x',
      'success must be one of django, wordpress, keystone, express, laravel, devise, json, portcullis',
    ],
    [{}, 'success must name one of status, location, cookie, header, json, sessionStart'],
    [{ statuss: 200 }, 'success.statuss is not an option; did you mean status?'],
    [
      ['django', { status: 99 }],
      'success.1.status must be a number from 200 to 599, or a list of such numbers',
    ],
    [{ location: 'login' }, "success.location must be a path such as '/account'"],
    [
      { cookie: 'a b' },
      'success.cookie must be the name of a cookie, which may have a * at its end or beginning',
    ],
    [
      { header: ['x', 1] },
      "success.header must be the name of a header, or a list of its name and its value such as ['x-login', 'ok']",
    ],
    [
      { json: ['ok', {}] },
      "success.json must be a path and a value, such as ['ok', true]: text, a number, a boolean or null",
    ],
    [{ sessionStart: false }, 'success.sessionStart must be true, or left out'],
    [true, 'success must be an object'],
  ])('%j is refused', (given, message) => {
    const wrong = createIssues('success')
    compileSuccess(given, wrong)
    expect(() => wrong.throwIfAny()).toThrow(ConfigError)
    expect(() => wrong.throwIfAny()).toThrow(message)
  })
})

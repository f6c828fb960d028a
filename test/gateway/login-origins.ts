/** Nine servers, and one that speaks the session protocol, that answer a login as their frameworks do, each with a verifier that counts what reaches it. */
import type { RouteThrottle } from '../../src/gateway/index.ts'
import { order, type Seen } from './support.ts'

/** A login of one kind of server. */
export interface LoginOrigin {
  readonly name: string
  readonly throttle: RouteThrottle
  /** The request of somebody who tries. */
  request(email: string, password: string): RequestInit
  /** The server's answer; `right` is what its verifier found. */
  answer(right: boolean, seen: Seen): Response
  /** What the verifier gets of a body. */
  read(body: string): { email: string; password: string }
}

const form = (email: string, password: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams({ email, password }).toString(),
})
const json = (email: string, password: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ email, password }),
})
const readForm = (body: string): { email: string; password: string } => {
  const fields = new URLSearchParams(body)
  return { email: fields.get('email') ?? '', password: fields.get('password') ?? '' }
}
const readJson = (body: string): { email: string; password: string } =>
  JSON.parse(body) as { email: string; password: string }

const redirect = (location: string, cookies: readonly string[] = []): Response => {
  const headers = new Headers({ location })
  for (const cookie of cookies) headers.append('set-cookie', cookie)
  return new Response(null, { status: 302, headers })
}
const page = (status: number, cookie?: string): Response =>
  new Response('<form>', { status, headers: { 'content-type': 'text/html', ...(cookie && { 'set-cookie': cookie }) } })
const said = (status: number, value: unknown): Response =>
  new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json; charset=utf-8' } })

const byForm = { request: form, read: readForm }
const byJson = { request: json, read: readJson }

const mutation =
  'mutation($email: String!, $password: String!) { authenticateUserWithPassword(email: $email, password: $password) ' +
  '{ __typename } }'

export const origins: readonly LoginOrigin[] = [
  {
    // Both outcomes are 302, and both set the session's cookie.
    name: 'express',
    throttle: { account: { form: 'email' }, success: 'express' },
    ...byForm,
    answer: (right) => redirect(right ? '/account' : '/login?error=1', ['connect.sid=s%3Aabc.def; Path=/; HttpOnly']),
  },
  {
    name: 'django',
    throttle: { account: { form: 'email' }, success: 'django' },
    ...byForm,
    answer: (right) =>
      right
        ? redirect('/accounts/profile/', ['csrftoken=x; Path=/', 'sessionid=abc; HttpOnly; Path=/; SameSite=Lax'])
        : page(200, 'csrftoken=x; Path=/'),
  },
  {
    name: 'wordpress',
    throttle: { account: { form: 'email' }, success: 'wordpress' },
    ...byForm,
    answer: (right) =>
      right
        ? redirect('/wp-admin/', ['wordpress_test_cookie=WP; path=/', 'wordpress_logged_in_0f3a=zoe%7C17; path=/'])
        : page(200, 'wordpress_test_cookie=WP%20Cookie%20check; path=/'),
  },
  {
    name: 'laravel',
    throttle: { account: { form: 'email' }, success: 'laravel' },
    ...byForm,
    answer: (right) =>
      redirect(right ? 'https://app.example.com/dashboard' : 'https://app.example.com/login', [
        'XSRF-TOKEN=x; path=/',
        'laravel_session=y; path=/; httponly',
      ]),
  },
  {
    name: 'devise',
    throttle: { account: { form: 'user[email]' }, success: 'devise' },
    request: (email, password) => ({
      ...form('', ''),
      body: new URLSearchParams({ 'user[email]': email, 'user[password]': password }).toString(),
    }),
    read: (body) => {
      const fields = new URLSearchParams(body)
      return { email: fields.get('user[email]') ?? '', password: fields.get('user[password]') ?? '' }
    },
    answer: (right) => (right ? new Response(null, { status: 303, headers: { location: '/' } }) : page(422)),
  },
  {
    name: 'a JSON API',
    throttle: { account: { json: 'email' }, success: 'json' },
    ...byJson,
    answer: (right) => (right ? said(200, { token: 'x' }) : said(401, { error: 'wrong' })),
  },
  {
    // Always 200.
    name: 'a flag API',
    throttle: { account: { json: 'email' }, success: { json: ['ok', true] } },
    ...byJson,
    answer: (right) => said(200, right ? { ok: true, user: 1 } : { ok: false }),
  },
  {
    // Always 200, and the client chooses what the answer is called.
    name: 'keystone',
    throttle: { account: { graphql: 'authenticateUserWithPassword', argument: 'email' }, success: 'keystone' },
    request: (email, password) => ({
      ...json('', ''),
      body: JSON.stringify({ query: mutation, variables: { email, password } }),
    }),
    read: (body) => (JSON.parse(body) as { variables: { email: string; password: string } }).variables,
    answer: (right) => {
      const response = said(200, { data: { authenticate: { __typename: right ? 'Success' : 'Failure' } } })
      if (right) response.headers.set('set-cookie', 'keystonejs-session=Fe26.2**x; Max-Age=28800; Path=/; HttpOnly')
      return response
    },
  },
  {
    // Its database is down: it says 500 to everybody, and has looked at the password.
    name: 'a flaky server',
    throttle: { account: { json: 'email' }, success: 'json' },
    ...byJson,
    answer: (right) => (right ? said(200, {}) : said(500, {})),
  },
  {
    name: 'the session protocol',
    throttle: { account: { form: 'email' }, success: 'portcullis' },
    ...byForm,
    answer: (right, seen) =>
      right
        ? new Response(null, {
            status: 303,
            headers: { location: '/', 'portcullis-session': order(seen, { start: { data: { user: 'zoe' } } }) },
          })
        : page(401),
  },
]

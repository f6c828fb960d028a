/**
 * Servers that answer a login as their frameworks' sources say, and one that speaks the session protocol, each with a verifier
 * that counts what reaches it.
 */
import type { RouteThrottle } from '../../src/gateway/index.ts'
import { order, type Seen } from './support.ts'

/** A login of one kind of server. */
export interface LoginOrigin {
  readonly name: string
  readonly throttle: RouteThrottle
  /** The request of somebody who tries. */
  request(email: string, password: string): RequestInit
  /** A cookie by which the server knows somebody: its own account, signed in before. */
  readonly session?: string
  /** The answer to who is signed in, whose password nobody looks at; undefined for anybody else. */
  greet?(seen: Seen): Response | undefined
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
  new Response('<form>', {
    status,
    headers: { 'content-type': 'text/html', ...(cookie && { 'set-cookie': cookie }) },
  })
const said = (status: number, value: unknown): Response =>
  new Response(JSON.stringify(value), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
  })

/** A value that comes new each time, as session ids and encrypted cookies do. */
let made = 0
const fresh = (): string => `s${++made}.${'0123456789abcdef'.repeat(2)}`

/** Whether a request brings a cookie. */
const brings = ({ headers }: Seen, cookie: string): boolean =>
  headers.get('cookie')?.includes(cookie) === true

const byForm = { request: form, read: readForm }
const byJson = { request: json, read: readJson }

const mutation =
  'mutation($email: String!, $password: String!) { authenticateUserWithPassword(email: $email, password: $password) ' +
  '{ __typename } }'

export const origins: readonly LoginOrigin[] = [
  {
    // passport 0.7.0 lib/sessionmanager.js: logIn regenerates the session. express-session 1.18.1 index.js, shouldSetCookie: a
    // request without a session gets a cookie where saveUninitialized is true, as it is by default, and one whose session goes on
    // gets none, unless `rolling` is set. express 4.21.2 lib/response.js, location: 'back' is req.get('Referrer'), which
    // lib/request.js takes from the header Referrer, then from Referer.
    name: 'express',
    throttle: { account: { form: 'email' }, success: 'express' },
    ...byForm,
    session: 'connect.sid=s%3Aown.session',
    greet: (seen) =>
      brings(seen, 'connect.sid=s%3Aown.session') ? redirect('/account') : undefined,
    answer: (right, { headers }) => {
      const cookies =
        right || !headers.has('cookie') ? [`connect.sid=s%3A${fresh()}; Path=/; HttpOnly`] : []
      const back = headers.get('referrer') || headers.get('referer') || '/'
      return redirect(right ? '/account' : back, cookies)
    },
  },
  {
    // Django 3.2.25 contrib/auth/views.py: LoginView shows the form again, with 200; redirect_authenticated_user redirects.
    // contrib/auth/__init__.py: login() cycles the session key. contrib/sessions/middleware.py: with
    // SESSION_SAVE_EVERY_REQUEST the cookie comes with every answer, as it was.
    name: 'django',
    throttle: { account: { form: 'email' }, success: 'django' },
    ...byForm,
    session: 'sessionid=own',
    greet: (seen) =>
      brings(seen, 'sessionid=own')
        ? redirect('/accounts/profile/', ['sessionid=own; HttpOnly; Path=/'])
        : undefined,
    answer: (right) =>
      right
        ? redirect('/accounts/profile/', [
            'csrftoken=x; Path=/',
            `sessionid=${fresh()}; HttpOnly; Path=/; SameSite=Lax`,
          ])
        : page(200, `csrftoken=${fresh()}; Path=/`),
  },
  {
    // Django 3.2.25 contrib/sessions/middleware.py: the cookie is set wherever the session was modified, and a middleware that
    // keeps a basket or counts visits modifies it on a guest's first request, so on a failure as well.
    name: 'a Django shop',
    throttle: { account: { form: 'email' }, success: 'django' },
    ...byForm,
    session: 'sessionid=own',
    greet: (seen) => (brings(seen, 'sessionid=own') ? redirect('/accounts/profile/') : undefined),
    answer: (right, seen) => {
      const cookies =
        right || !brings(seen, 'sessionid=') ? [`sessionid=${fresh()}; HttpOnly; Path=/`] : []
      return right ? redirect('/accounts/profile/', cookies) : page(200, cookies[0])
    },
  },
  {
    // WordPress 6.1.9 wp-includes/user.php: wp_signon calls wp_set_auth_cookie (wp-includes/pluggable.php) where wp_authenticate
    // found a user. wp-login.php sets the test cookie on every answer, and shows the form again with 200.
    name: 'wordpress',
    throttle: { account: { form: 'email' }, success: 'wordpress' },
    ...byForm,
    answer: (right) =>
      right
        ? redirect('/wp-admin/', [
            'wordpress_test_cookie=WP%20Cookie%20check; path=/',
            `wordpress_logged_in_0f3a=zoe%7C${fresh()}; path=/`,
          ])
        : page(200, 'wordpress_test_cookie=WP%20Cookie%20check; path=/'),
  },
  {
    // Laravel 8.83.26, src/Illuminate. Foundation/Exceptions/Handler.php, invalid: a failure redirects to url()->previous(), which
    // Routing/UrlGenerator.php takes from the Referer, from the session, or as '/'. The middleware guest, of the application
    // (RedirectIfAuthenticated), redirects who is signed in to HOME. Session and token cookies are encrypted anew for every
    // answer (Cookie/Middleware/EncryptCookies.php).
    name: 'laravel',
    throttle: { account: { form: 'email' }, success: 'laravel' },
    ...byForm,
    session: 'laravel_session=own',
    greet: (seen) =>
      brings(seen, '_session=own') || brings(seen, 'remember_web_1=own')
        ? redirect('https://app.example.com/home', [
            `XSRF-TOKEN=${fresh()}; path=/`,
            `laravel_session=${fresh()}; path=/`,
          ])
        : undefined,
    answer: (right, { headers }) =>
      redirect(
        right
          ? 'https://app.example.com/home'
          : (headers.get('referer') ?? 'https://app.example.com'),
        [`XSRF-TOKEN=${fresh()}; path=/`, `laravel_session=${fresh()}; path=/; httponly`],
      ),
  },
  {
    // Devise 4.9 with Turbo (config.responder: error_status 422, redirect_status 303). app/controllers/devise_controller.rb:
    // require_no_authentication redirects who is signed in with 302.
    name: 'devise',
    throttle: { account: { form: 'user[email]' }, success: 'devise' },
    request: (email, password) => ({
      ...form('', ''),
      body: new URLSearchParams({ 'user[email]': email, 'user[password]': password }).toString(),
    }),
    read: (body) => {
      const fields = new URLSearchParams(body)
      return {
        email: fields.get('user[email]') ?? '',
        password: fields.get('user[password]') ?? '',
      }
    },
    session: '_app_session=own',
    greet: (seen) =>
      brings(seen, '_app_session=own')
        ? redirect('/', [`_app_session=${fresh()}; path=/`])
        : undefined,
    answer: (right) => {
      const headers = new Headers({
        location: '/',
        'set-cookie': `_app_session=${fresh()}; path=/; HttpOnly`,
      })
      return right
        ? new Response(null, { status: 303, headers })
        : page(422, `_app_session=${fresh()}; path=/`)
    },
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
    // @keystone-6/core 6.0.0 src/session/index.ts: statelessSessions sets the cookie in start(), which only a right password calls
    // (@keystone-6/auth, getBaseAuthSchema). Always 200, and the client chooses what the answer is called.
    name: 'keystone',
    throttle: {
      account: { graphql: 'authenticateUserWithPassword', argument: 'email' },
      success: 'keystone',
    },
    request: (email, password) => ({
      ...json('', ''),
      body: JSON.stringify({ query: mutation, variables: { email, password } }),
    }),
    read: (body) =>
      (JSON.parse(body) as { variables: { email: string; password: string } }).variables,
    answer: (right) => {
      const response = said(200, {
        data: { authenticate: { __typename: right ? 'Success' : 'Failure' } },
      })
      if (right)
        response.headers.set(
          'set-cookie',
          `keystonejs-session=Fe26.2**${fresh()}; Max-Age=28800; Path=/; HttpOnly`,
        )
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
            headers: {
              location: '/',
              'portcullis-session': order(seen, { start: { data: { user: 'zoe' } } }),
            },
          })
        : page(401),
  },
]

/** Express with Passport, Django and Flask, and what each of them takes for the same account, address or page. */
import { execFileSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { type Framework, type Login, password } from './types.ts'

const redirects =
  (to: string) =>
  (status: number, location: string | undefined): boolean =>
    status >= 300 &&
    status < 400 &&
    location !== undefined &&
    new URL(location, 'http://host').pathname === to
const answers = (status: number): boolean => status === 200
const python = '/usr/bin/python3'

const emailForm: Pick<Login, 'kind' | 'account' | 'password' | 'other'> = {
  kind: 'form',
  account: 'email',
  password: 'password',
  other: 'mallory',
}
const emailJson: Pick<Login, 'kind' | 'account' | 'password' | 'other' | 'success' | 'succeeded'> =
  {
    ...{
      kind: 'json',
      account: 'email',
      password: 'password',
      other: 'mallory',
      success: 'json',
      succeeded: answers,
    },
  }

export const express: Framework = {
  name: 'express',
  version: () => 'Express 5.3.0, Passport 0.7.0',
  packages: [],
  needs: [],
  aliases: 'express',
  logins: [
    {
      ...{ ...emailForm, name: 'passport', path: '/login', success: 'express', victim: 'admin' },
      twins: ['ádmin', 'ADMIN'],
      spellings: ['admin'],
      // Express compares paths without letter case, and without a slash at the end.
      aliases: ['/LOGIN', '/login/', '/Login/?x', '/%6cogin', '/signin/../login', '/./login'],
      rivals: ['email[]', 'email[0]', 'email['],
      succeeded: redirects('/account'),
    },
    {
      ...{ ...emailForm, name: 'back', path: '/signin', success: 'express', victim: 'admin' },
      twins: ['ádmin', 'ADMIN'],
      spellings: ['admin'],
      aliases: ['/SIGNIN', '/signin/', '/Signin/?x'],
      succeeded: redirects('/account'),
    },
    {
      ...{ ...emailJson, name: 'json', path: '/api/login', victim: 'admin' },
      twins: ['ádmin', 'ADMIN'],
      spellings: ['admin'],
      aliases: ['/API/login', '/api/Login/', '/api//login'],
      succeeded: answers,
    },
  ],
  routes: [
    { path: '/admin/*', to: 'app', access: { role: 'admin' } },
    { path: '/posts/*', methods: ['DELETE'], to: 'app', access: { role: 'admin' } },
    { path: '/posts/*', to: 'app', access: 'public' },
    { path: '/*', to: 'app', access: 'public' },
  ],
  guarded: [
    {
      path: '/admin',
      aliases: [
        '/ADMIN',
        '/admin/',
        '/Admin/',
        '/%61dmin',
        '//admin',
        '/x/../admin',
        '/admin/users/',
      ],
    },
    {
      path: '/admin/users',
      aliases: ['/ADMIN/USERS', '/admin/users/', '/admin//users', '/admin/%75sers'],
    },
  ],
  overrides: [
    { title: '_method in the form', body: '_method=DELETE' },
    { title: '_method in small letters', body: '_method=delete' },
    { title: '_method in the query', path: '/posts/1?_method=DELETE', body: 'x=1' },
    { title: 'a name that is escaped', body: '%5Fmethod=DELETE' },
    { title: 'twice', body: '_method=POST&_method=DELETE' },
    {
      title: 'JSON',
      body: '{"_method":"DELETE"}',
      headers: { 'content-type': 'application/json' },
    },
  ],
  prepare({ app, data }) {
    cpSync(app, data, { recursive: true })
    cpSync('.npmrc', join(data, '.npmrc'))
    execFileSync('npm', ['ci', '--silent', '--ignore-scripts'], {
      cwd: data,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    return { command: process.execPath, args: ['app.js'], cwd: data }
  },
}

export const django: Framework = {
  name: 'django',
  version: () =>
    `Django ${execFileSync(python, ['-c', 'import django; print(django.__version__)'], { encoding: 'utf8' }).trim()}`,
  packages: ['python3-django', 'gunicorn'],
  needs: ['/usr/lib/python3/dist-packages/django', '/usr/bin/gunicorn'],
  aliases: 'django',
  logins: [
    {
      ...{
        kind: 'form',
        name: 'LoginView',
        path: '/login',
        account: 'username',
        password: 'password',
      },
      token: { cookie: 'csrftoken', field: 'csrfmiddlewaretoken' },
      success: 'django',
      victim: 'admin',
      other: 'mallory',
      twins: ['ádmin', 'Admin'],
      // UsernameField takes compatibility forms for the same (NFKC), and drops spaces around.
      spellings: [
        'admin',
        'ａｄｍｉｎ',
        ' admin ',
        '𝐚𝐝𝐦𝐢𝐧',
        'adⓜin',
        'ᵃᵈᵐⁱⁿ',
        'admin\u3000',
        '\u00a0admin',
      ],
      aliases: ['/login?next=/admin', '/%6cogin', '//login'],
      rivals: ['username[]', 'username.x'],
      succeeded: redirects('/account'),
    },
    {
      ...{
        kind: 'form',
        name: 'admin site',
        path: '/backoffice/login/',
        account: 'username',
        password: 'password',
      },
      token: { cookie: 'csrftoken', field: 'csrfmiddlewaretoken' },
      more: { next: '/account' },
      success: 'django',
      victim: 'admin',
      other: 'mallory',
      twins: ['ádmin'],
      spellings: ['admin', 'ａdmin'],
      aliases: ['/backoffice/login/?next=/backoffice/'],
      succeeded: redirects('/account'),
    },
  ],
  routes: [
    { path: '/admin/*', to: 'app', access: { role: 'admin' } },
    { path: '/staff', to: 'app', access: { role: 'admin' } },
    { path: '/*', to: 'app', access: 'public' },
  ],
  guarded: [
    { path: '/admin', aliases: ['/%61dmin', '//admin', '/x/../admin', '/admin/users'] },
    // Python's re.I takes U+017F for s and U+212A for k; the page is `(?i)^staff/?$`.
    {
      path: '/staff',
      aliases: ['/STAFF', '/Staff/', '/%C5%BFtaff', '/%C5%BFTAFF/', '/sta%66f', '/staff%0A'],
    },
  ],
  overrides: [],
  prepare({ app, env }) {
    const all = { ...process.env, ...env, PYTHONDONTWRITEBYTECODE: '1' }
    execFileSync(python, ['app.py'], { cwd: app, env: { ...all, SETUP: '1' } })
    return gunicorn(app, 'app:application', env)
  },
}

export const flask: Framework = {
  name: 'flask',
  version: () =>
    `Flask ${execFileSync(python, ['-c', 'import flask; print(flask.__version__)'], { encoding: 'utf8' }).trim()}`,
  packages: ['python3-flask', 'gunicorn'],
  needs: ['/usr/lib/python3/dist-packages/flask', '/usr/bin/gunicorn'],
  aliases: [],
  logins: [
    {
      ...{ ...emailForm, name: 'form', path: '/login', victim: 'admin' },
      // A session in a cookie is new with each answer, so Flask must not greet whoever has one.
      success: { location: '/account', cookie: 'session' },
      throttle: { withhold: ['session'] },
      twins: ['ádmin'],
      // Python lowers K (the Kelvin sign) and drops white space of every kind.
      spellings: ['admin', 'ADMIN', 'Admin', ' admin', 'admin\u2003', '\u0085admin', 'admin\u001f'],
      aliases: ['/%6cogin', '//login', '/x/../login'],
      rivals: ['email[]'],
      succeeded: redirects('/account'),
    },
    {
      ...{ ...emailForm, name: 'values', path: '/values-login', victim: 'admin' },
      // A session in a cookie is new with each answer, so Flask must not greet whoever has one.
      success: { location: '/account', cookie: 'session' },
      throttle: { withhold: ['session'] },
      twins: ['ádmin'],
      spellings: ['admin', 'aDMin'],
      aliases: ['/values%2Dlogin'],
      succeeded: redirects('/account'),
    },
    {
      ...{ ...emailJson, name: 'json', path: '/api/login', victim: 'admin' },
      twins: ['ádmin'],
      spellings: ['admin', 'ADMIN', ' admin '],
      aliases: ['/api//login', '/api/%6Cogin'],
    },
  ],
  routes: [
    { path: '/admin/*', to: 'app', access: { role: 'admin' } },
    { path: '/*', to: 'app', access: 'public' },
  ],
  guarded: [
    {
      path: '/admin',
      aliases: ['/%61dmin', '//admin', '/x/../admin', '/admin/users', '/admin//users'],
    },
  ],
  overrides: [],
  prepare: ({ app, env }) => gunicorn(app, 'app:app', env),
}

function gunicorn(
  cwd: string,
  application: string,
  { PORT = '' }: Readonly<Record<string, string>>,
) {
  const args = [
    '-b',
    `127.0.0.1:${PORT}`,
    // A connection that is closed just as it is used again would cost a try.
    '--keep-alive',
    '60',
    '--threads',
    '8',
    '--limit-request-field_size',
    '0',
    application,
  ]
  return {
    command: '/usr/bin/gunicorn',
    args,
    cwd,
    env: { PYTHONDONTWRITEBYTECODE: '1', PASSWORD: password },
  }
}

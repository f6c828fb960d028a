/** Plain PHP, Laravel and WordPress on MariaDB, whose collations take many texts for one. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command, Framework, Place } from './types.ts'

const redirects =
  (to: string) =>
  (status: number, location: string | undefined): boolean =>
    status >= 300 &&
    status < 400 &&
    location !== undefined &&
    new URL(location, 'http://host').pathname === to
const php = ['php-cli', 'php-mysql', 'php-mbstring', 'php-xml', 'mariadb-server']
const needs = ['/usr/bin/php', '/usr/sbin/mariadbd']
const version = (): string =>
  `PHP ${execFileSync('php', ['-r', 'echo PHP_VERSION;'], { encoding: 'utf8' })}`

/** Texts that `utf8mb4_unicode_520_ci` and `utf8mb4_unicode_ci` take for `admin@strasse.example`. */
const collated = [
  ...[
    'admin@strasse.example',
    'ADMIN@STRASSE.EXAMPLE',
    'ádmin@strasse.example',
    'admin@straße.example',
  ],
  ...['admin@stra\u017fse.example', 'ａｄｍｉｎ@strasse.example', 'a\u0301dmin@strasse.example'],
  ...['ªdmin@strasse.example', 'admin@strasse.example '],
]

export const plain: Framework = {
  name: 'php',
  version: () => `${version()}, mysqlnd`,
  packages: php,
  needs,
  aliases: 'php',
  logins: [
    {
      ...{ kind: 'form', name: 'form', path: '/login.php', account: 'email', password: 'password' },
      success: { location: '/account.php', cookie: 'PHPSESSID' },
      victim: 'admin@strasse.example',
      other: 'mallory@example.com',
      twins: [],
      // PDO compares with utf8mb4_unicode_520_ci, in which also stroked letters are their base letters.
      spellings: [
        ...[
          ...collated,
          'ađmin@strasse.example',
          'adm\u0001in@strasse.example',
          'admin@\u200bstrasse.example',
        ],
        ...['adⓜin@strasse.example', 'admin@STRAẞE.example'],
      ],
      aliases: [
        '/login.php/x',
        '/login.php/x.css',
        '/login.php/',
        '/login.php/login',
        '/login%2Ephp',
        '//login.php',
      ],
      // PHP ends a name at NUL or at an unclosed bracket, drops spaces before it, and takes dots and spaces for _.
      rivals: ['email\0', 'email\0x', ' email', 'email[', 'email[]', '+email', 'email[x]'],
      succeeded: redirects('/account.php'),
    },
  ],
  routes: [
    { path: '/admin.php', to: 'app', access: { role: 'admin' } },
    { path: '/admin/*', to: 'app', access: { role: 'admin' } },
    { path: '/*', to: 'app', access: 'public' },
  ],
  guarded: [
    {
      path: '/admin.php',
      aliases: [
        '/admin.php/x',
        '/admin.php/',
        '/admin.php/x.css',
        '/admin.php/index.php',
        '/admin%2Ephp/x',
        '//admin.php',
      ],
    },
    {
      path: '/admin',
      aliases: [
        '/admin/',
        '/admin/index.php',
        '/admin/index.php/x',
        '/admin/x/y',
        '/%61dmin/index.php',
      ],
    },
  ],
  overrides: [],
  prepare(place) {
    mkdirSync(join(place.data, 'sessions'))
    return builtIn(
      place,
      place.app,
      [],
      ['-d', `session.save_path=${join(place.data, 'sessions')}`],
    )
  },
}

export const laravel: Framework = {
  name: 'laravel',
  version: () => `Laravel ${application()}, ${version()}`,
  packages: ['php-laravel-framework', ...php],
  needs: ['/usr/share/php/Illuminate/Foundation', ...needs],
  aliases: 'laravel',
  logins: [
    {
      ...{
        kind: 'form',
        name: 'Auth::attempt',
        path: '/login',
        account: 'email',
        password: 'password',
      },
      token: { cookie: 'XSRF-TOKEN', header: 'x-xsrf-token' },
      success: 'laravel',
      victim: 'admin@strasse.example',
      other: 'mallory@example.com',
      twins: [],
      spellings: collated,
      aliases: [
        '/index.php/login',
        '/login/',
        '/%6cogin',
        '//login',
        '/index.php//login',
        '/login?_method=POST',
      ],
      rivals: ['email\0x', ' email', 'email['],
      succeeded: redirects('/dashboard'),
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
        '/index.php/admin',
        '/admin/',
        '/%61dmin',
        '//admin',
        '/index.php/admin/',
        '/index.php//admin',
        '/x/../admin',
      ],
    },
    { path: '/admin/users', aliases: ['/index.php/admin/users', '/admin/users/', '/admin//users'] },
  ],
  overrides: [
    { title: '_method in the form', body: '_method=DELETE' },
    { title: '_method in small letters', body: '_method=delete' },
    { title: '_method in the query', path: '/posts/1?_method=DELETE', body: 'x=1' },
    { title: 'a header', body: 'x=1', headers: { 'x-http-method-override': 'DELETE' } },
    { title: 'multipart', ...multipart('_method', 'DELETE') },
    {
      title: 'JSON',
      body: '{"_method":"DELETE"}',
      headers: { 'content-type': 'application/json' },
    },
    { title: 'a name that PHP ends at NUL', body: '_method%00x=DELETE' },
    { title: 'a name with a space before it', body: '+_method=DELETE' },
    { title: 'a name with a space in it', body: '%20_method=DELETE' },
  ],
  prepare: (place) =>
    builtIn(
      place,
      join(place.app, 'public'),
      [join(place.app, 'public/index.php')],
      ['-d', 'error_reporting=8191'],
    ),
}

export const wordpress: Framework = {
  name: 'wordpress',
  version() {
    const [, number] =
      /\$wp_version = '([^']+)'/.exec(
        readFileSync('/usr/share/wordpress/wp-includes/version.php', 'utf8'),
      ) ?? []
    return `WordPress ${number}, ${version()}`
  },
  packages: ['wordpress', ...php],
  needs: ['/usr/share/wordpress/wp-login.php', ...needs],
  aliases: ['php', 'wordpress'],
  logins: [
    {
      ...{ kind: 'form', name: 'wp-login', path: '/wp-login.php', account: 'log', password: 'pwd' },
      success: 'wordpress',
      more: { 'wp-submit': 'Log In' },
      victim: 'admin',
      other: 'mallory',
      twins: [],
      // sanitize_user drops tags, escapes and entities, and MariaDB compares with utf8mb4_unicode_520_ci.
      spellings: [
        ...[
          'ADMIN',
          'ádmin',
          'ａdmin',
          'ad<7>min',
          '<b>admin',
          'admin&7;',
          'ad&amp;min',
          '%41%42admin',
          'adm%7Ein',
        ],
        ...[
          'ađmin',
          ' admin ',
          'admin%07',
          'ad<!-- x -->min',
          'a\u0301dmin',
          'adm<br/>in',
          '<x y="z">admin',
        ],
        // The victim's e-mail address names the account as well.
        ...['admin&nbsp;', 'adm\u200bin'],
      ],
      aliases: [
        ...[
          '/wp-login.php/x',
          '/wp-login.php/',
          '/wp-login.php?action=login',
          '/wp-login%2Ephp',
          '//wp-login.php',
        ],
        ...[
          '/wp-login.php?redirect_to=%2F',
          '/wp-login.php/wp-login.php',
          '/wp-login.php?interim-login=1',
        ],
      ],
      rivals: ['log\0x', ' log', 'log[', 'log[]'],
      // A subscriber is sent on to the profile.
      succeeded: (status, location) =>
        redirects('/wp-admin/')(status, location) ||
        redirects('/wp-admin/profile.php')(status, location),
    },
  ],
  routes: [
    { path: '/xmlrpc.php', to: 'app', access: { role: 'admin' } },
    { path: '/admin/*', to: 'app', access: { role: 'admin' } },
    { path: '/*', to: 'app', access: 'public' },
  ],
  guarded: [
    {
      path: '/admin',
      aliases: ['/admin/', '/ADMIN', '/Admin/x', '/%61dmin', '//admin', '/x/../admin', '/admin.x'],
    },
    {
      path: '/xmlrpc.php',
      aliases: ['/xmlrpc.php/x', '/xmlrpc.php?rsd', '//xmlrpc.php', '/xmlrpc%2Ephp'],
    },
  ],
  overrides: [],
  prepare(place) {
    const root = join(place.data, 'root')
    cpSync('/usr/share/wordpress', root, { recursive: true, dereference: true })
    cpSync(join(place.app, 'wp-config.php'), join(root, 'wp-config.php'))
    mkdirSync(join(root, 'wp-content/mu-plugins'), { recursive: true })
    cpSync(join(place.app, 'note.php'), join(root, 'wp-content/mu-plugins/note.php'))
    execFileSync('php', [join(place.app, 'setup.php'), root], {
      env: { ...process.env, ...place.env },
    })
    return builtIn(place, root)
  },
}

/** PHP's own server, with processes enough for answers that are slow. */
function builtIn(
  place: Place,
  root: string,
  router: readonly string[] = [],
  options: readonly string[] = [],
): Command {
  const args = [
    '-d',
    'display_errors=0',
    ...options,
    '-S',
    `127.0.0.1:${place.port}`,
    '-t',
    root,
    ...router,
  ]
  return { command: 'php', args, cwd: place.app, env: { PHP_CLI_SERVER_WORKERS: '8' } }
}

function application(): string {
  const text = readFileSync('/usr/share/php/Illuminate/Foundation/Application.php', 'utf8')
  return /const VERSION = '([^']+)'/.exec(text)?.[1] ?? 'of an unknown version'
}

function multipart(name: string, value: string): { body: string; headers: Record<string, string> } {
  const body = `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n--x--\r\n`
  return { body, headers: { 'content-type': 'multipart/form-data; boundary=x' } }
}

/** Rails with Devise and with has_secure_password, and Tomcat with its own form login and with a servlet's. */
import { execFileSync } from 'node:child_process'
import type { Framework } from './types.ts'

const redirects =
  (to: string) =>
  (status: number, location: string | undefined): boolean =>
    status >= 300 &&
    status < 400 &&
    location !== undefined &&
    new URL(location, 'http://host').pathname.replace(/;.*/, '') === to

const gem = (name: string): string =>
  execFileSync('ruby', ['-e', `puts Gem::Specification.find_by_name('${name}').version`], {
    encoding: 'utf8',
  }).trim()

const victim = 'admin@example.com'
const rails6 = { victim, other: 'mallory@example.com', twins: ['ádmin@example.com'] }
const token = { page: '/account', field: 'authenticity_token' }

export const rails: Framework = {
  name: 'rails',
  version: () => `Rails ${gem('railties')}, Rack ${gem('rack')}, Devise ${gem('devise')}`,
  packages: [
    'ruby',
    'ruby-railties',
    'ruby-actionpack',
    'ruby-activerecord',
    'ruby-sqlite3',
    'ruby-devise',
    'puma',
  ],
  needs: ['/usr/bin/puma', '/usr/share/rubygems-integration/all/gems/devise-4.8.1'],
  aliases: 'rails',
  logins: [
    {
      ...{ kind: 'form', name: 'devise', path: '/users/sign_in', ...rails6, token },
      account: 'user[email]',
      password: 'user[password]',
      success: 'devise',
      // Devise drops spaces around and letter case: case_insensitive_keys and strip_whitespace_keys.
      spellings: [
        victim,
        'ADMIN@example.com',
        ' admin@example.com ',
        'Admin@Example.COM',
        '\tadmin@example.com',
      ],
      aliases: [
        ...[
          '/users/sign_in.json',
          '/users/sign_in.html',
          '/users/sign_in.x',
          '/users/sign_in/',
          '/users/sign%5Fin',
        ],
        ...['/users/sign_in?format=json', '//users/sign_in', '/users/sign_in.html/'],
      ],
      rivals: [
        'user[email][]',
        'user%5Bemail%5D[]',
        'user[][email]',
        'user[email',
        '[user][email]',
        'user][email]',
      ],
      succeeded: redirects('/account'),
    },
    {
      ...{
        kind: 'form',
        name: 'sessions',
        path: '/signin',
        ...rails6,
        token,
        account: 'email',
        password: 'password',
      },
      // A session in a cookie is new with each answer, so the controller says it itself.
      success: { header: ['x-signed-in', 'yes'] },
      spellings: [victim],
      aliases: ['/signin.json', '/signin.x', '/signin/', '/signin?format=html', '/sign%69n'],
      rivals: ['email[]', 'email]', '[email]', '[email', ' email', 'email[', ']email'],
      succeeded: redirects('/account'),
    },
    {
      ...{
        kind: 'json',
        name: 'ParamsWrapper',
        path: '/api/signin',
        ...rails6,
        account: 'email',
        password: 'password',
      },
      // A session in a cookie is new with each answer, so the controller says it itself.
      success: { header: ['x-signed-in', 'yes'] },
      spellings: [victim],
      aliases: ['/api/signin.json', '/api/signin.x', '/api/signin/'],
      succeeded: redirects('/account'),
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
        '/admin.json',
        '/admin.x',
        '/admin.html',
        '/admin/',
        '/%61dmin.json',
        '//admin',
        '/admin%2Ejson',
        '/admin.json/',
        '/x/../admin.json',
        '/admin.a-b',
      ],
    },
    {
      path: '/admin/users',
      aliases: ['/admin/users.json', '/admin/users.x', '/admin//users', '/admin/users.csv/'],
    },
  ],
  overrides: [
    { title: '_method in the form', body: '_method=delete' },
    { title: '_method in capitals', body: '_method=DELETE' },
    { title: 'a name that is escaped', body: '%5fmethod=delete' },
    { title: 'a header', body: 'x=1', headers: { 'x-http-method-override': 'DELETE' } },
    { title: 'split at a semicolon', body: 'x=1;_method=delete' },
    { title: 'the last of two', body: '_method=post&_method=delete' },
    {
      title: 'multipart',
      body: '--x\r\nContent-Disposition: form-data; name="_method"\r\n\r\ndelete\r\n--x--\r\n',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    },
    { title: 'no content type', body: '_method=delete', headers: { 'content-type': '' } },
  ],
  prepare: ({ app, port }) => ({
    command: '/usr/bin/puma',
    args: ['-q', '-t', '8:8', '-C', 'puma.rb', '-b', `tcp://127.0.0.1:${port}`, 'config.ru'],
    cwd: app,
    env: { RAILS_ENV: 'production' },
  }),
}

const jars = ['embed-core', 'annotations-api', 'embed-el', 'servlet-api', 'el-api', 'juli']
const classPath = jars.map((name) => `/usr/share/java/tomcat10-${name}.jar`).join(':')
const tomcatAccounts = {
  victim: 'admin',
  other: 'mallory',
  twins: ['ádmin'],
  spellings: ['admin', 'ADMIN', 'Admin', 'ADMİN', 'admın'],
}

export const tomcat: Framework = {
  name: 'tomcat',
  version() {
    const text = execFileSync('java', ['-cp', classPath, 'org.apache.catalina.util.ServerInfo'], {
      encoding: 'utf8',
    })
    return /Server version:\s*(.+)/.exec(text)?.[1]?.trim() ?? 'Tomcat of an unknown version'
  },
  packages: ['libtomcat10-embed-java', 'libtomcat10-java', 'default-jdk-headless'],
  needs: ['/usr/bin/javac', '/usr/share/java/tomcat10-embed-core.jar'],
  aliases: ['java', 'tomcat'],
  logins: [
    {
      ...{
        kind: 'form',
        name: 'servlet',
        path: '/login',
        account: 'email',
        password: 'password',
        ...tomcatAccounts,
      },
      success: { location: '/account', cookie: 'JSESSIONID' },
      aliases: [
        '/login;x=1',
        '/login;jsessionid=1',
        '/;x/login',
        '/login;',
        '/%6cogin',
        '/x/..;/login',
        '//login',
      ],
      rivals: ['email;x', 'email[]'],
      succeeded: redirects('/account'),
    },
    {
      ...{ kind: 'form', name: 'j_security_check', path: '/j_security_check', ...tomcatAccounts },
      account: 'j_username',
      password: 'j_password',
      success: { status: [302, 303], cookie: 'JSESSIONID' },
      // The container takes it at the end of every path.
      aliases: [
        '/x/j_security_check',
        '/private/j_security_check',
        '/j_security_check;x=1',
        '/account/j_security_check',
      ],
      succeeded: redirects('/private/home'),
    },
  ],
  routes: [
    { path: '/admin/*', to: 'app', access: { role: 'admin' } },
    { path: '/*', to: 'app', access: 'public' },
  ],
  guarded: [
    {
      path: '/admin',
      aliases: [
        '/admin;x=1',
        '/admin;jsessionid=1/users',
        '/admin/',
        '/;x/admin',
        '/x/..;/admin',
        '/%61dmin',
        '//admin',
        '/admin;/x',
        '/./admin',
        '/admin%3Bx',
      ],
    },
    {
      path: '/admin/users',
      aliases: ['/admin/users;x', '/admin;a=b/users', '/admin/users.json', '/admin//users'],
    },
  ],
  overrides: [],
  prepare: ({ app }) => ({
    command: 'java',
    args: ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', classPath, 'Main.java'],
    cwd: app,
  }),
}

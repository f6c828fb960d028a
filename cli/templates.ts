/**
 * Creates the files of a new project. `init.ts` calls it and writes them. A template that was reworded, so that a part
 * to replace is missing from it, is an error that the tests of the command find.
 */

/** The choices in which new projects differ. */
export interface Choices {
  /** Name of the Worker: lower-case letters, digits and dashes. */
  readonly name: string
  /** URL of the server behind the gateway in development. */
  readonly upstream: string
  /** Name of a service binding that is the upstream instead. */
  readonly binding?: string | undefined
  /** Whether users sign in at an identity provider. */
  readonly login?: boolean
}

/** The date of the workerd in wrangler 4.135, which does not start with a later one. */
export const compatibilityDate = '2026-09-18'

/** Creates the files that are written as a whole, by name. */
export function createFiles(choices: Choices): ReadonlyMap<string, string> {
  const { name, upstream, binding, login = false } = choices
  const settings = wrangler(name, upstream)
  const text = login ? addLoginSettings(settings) : settings
  const gateway = login ? addLogin(config) : config
  return new Map([
    ['gateway.config.ts', binding === undefined ? gateway : bindConfig(gateway, binding)],
    ['worker.ts', worker],
    ['wrangler.toml', binding === undefined ? text : bindWrangler(text, binding)],
    ['tsconfig.json', tsconfig],
  ])
}

/** The lines that a project needs in `.gitignore`. */
export const ignoredPaths: readonly string[] = ['node_modules/', '.wrangler/', '.dev.vars']

const config = `/** Who may go where. After a change: npm run check */
import { defineGateway, type GatewayConfig } from 'portcullis/gateway'
import { auditTrail, monitor } from 'portcullis/monitor'
import { statelessSessions } from 'portcullis/session'

/** The data of a session; your server decides it when it starts one. */
interface Data {
  user: string
  roles?: string[]
}

declare global {
  namespace Cloudflare {
    /** The bindings of wrangler.toml and the secrets: types \`c.env\` below. */
    interface Env {
      PUBLIC_ORIGIN: string
      UPSTREAM_URL: string
      /** Several, with a space between them, while it is rotated: the first seals. */
      SESSION_SECRET: string
      ASSERTION_KEY: string
    }
  }
}

/** A function, so that a Worker with a fault in it says so instead of not starting. */
export function config(): GatewayConfig<'app', Data> {
  return defineGateway({
    publicOrigin: (c) => c.env.PUBLIC_ORIGIN,
    upstreams: { app: { url: (c) => c.env.UPSTREAM_URL, sessions: true } },
    session: statelessSessions<Data>({ secret: (c) => c.env.SESSION_SECRET, user: (data) => data.user }),
    user: (data) => data.user,
    roles: (data) => data.roles ?? [],
    assertion: { key: (c) => c.env.ASSERTION_KEY },
    signIn: '/login',
    // Lines of requests, security events and audit records go to the log; docs/monitoring.md has more places.
    monitor: monitor({ log: (line) => console.log(JSON.stringify(line)), trace: true }),
    onEvent: (event) => console.log(JSON.stringify({ event: 'security', ...event })),
    audit: auditTrail((record) => console.log(JSON.stringify(record))),
    routes: [
      { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
      { path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'] },
      { path: '/logout', methods: ['POST'], to: 'app', sessions: ['end'] },
      // Public pages are listed by name: every other page needs a session.
      { path: '/', to: 'app', access: 'public' },
      { path: '/favicon.ico', methods: ['GET'], to: 'app', access: 'public' },
      { path: '/robots.txt', methods: ['GET'], to: 'app', access: 'public' },
      { path: '/assets/*', methods: ['GET'], to: 'app', access: 'public' },
      { path: '/admin/*', to: 'app', access: { role: 'admin' } },
      { path: '/*', to: 'app', access: 'session' },
    ],
  })
}
`

const worker = `/** The deployable: the gateway of gateway.config.ts. */
import { createGateway, gatewayOrRefuse } from 'portcullis/gateway'
import { config } from './gateway.config.ts'

export default gatewayOrRefuse(() => createGateway(config()))
`

const tsconfig = `{
  "compilerOptions": {
    "target": "es2022",
    "module": "esnext",
    "moduleResolution": "bundler",
    "lib": ["es2022", "dom", "dom.iterable"],
    "types": [],
    "strict": true,
    "allowImportingTsExtensions": true,
    "noEmit": true
  },
  "include": ["*.ts"]
}
`

function wrangler(name: string, upstream: string): string {
  return `name = "${name}"
main = "worker.ts"
compatibility_date = "${compatibilityDate}"
compatibility_flags = ["no_nodejs_compat", "no_nodejs_compat_v2"]
workers_dev = false # a second address, past your zone's rules
preview_urls = false
minify = true
keep_names = false

[secrets] # each secret by its name: wrangler dev reads no other from .dev.vars
required = ["SESSION_SECRET", "ASSERTION_KEY"]

[vars]
PUBLIC_ORIGIN = "http://localhost:8787" # the origin that browsers see while you develop
UPSTREAM_URL = "${upstream}" # the server behind the gateway

[dev]
ip = "127.0.0.1"
port = 8787

# Everything above is for development. Variables and secrets are not inherited, so production repeats them. Put your own addresses
# here before the first deploy; \`npm run deploy\` checks them.
[env.production]
workers_dev = false
preview_urls = false
routes = [{ pattern = "www.example.com", custom_domain = true }]
observability = { enabled = true, head_sampling_rate = 1 }

[env.production.secrets] # npx wrangler secret put NAME -e production
required = ["SESSION_SECRET", "ASSERTION_KEY"]

[env.production.vars]
PUBLIC_ORIGIN = "https://www.example.com"
UPSTREAM_URL = "https://origin.example.com"
`
}

/** Changes the configuration so that its upstream is a service binding. */
function bindConfig(gateway: string, binding: string): string {
  return gateway
    .replace(
      '      UPSTREAM_URL: string\n',
      `      /** The Worker behind the gateway. */\n      ${binding}: FetchBinding\n`,
    )
    .replace('url: (c) => c.env.UPSTREAM_URL', `binding: (c) => c.env.${binding}`)
    .replace('import { defineGateway, type', 'import { defineGateway, type FetchBinding, type')
}

/** Changes the settings so that a service binding takes the place of each URL of the upstream. */
function bindWrangler(text: string, binding: string): string {
  const service = binding.toLowerCase().replaceAll('_', '-')
  const createTable = (prefix: string): string => `
[[${prefix}services]]
binding = "${binding}"
service = "${service}" # the Worker behind the gateway: it needs no route, workers_dev = false and preview_urls = false
`
  return `${text.replace(/^UPSTREAM_URL = .*\n/gm, '').replace('\n[dev]', `${createTable('')}\n[dev]`)}${createTable('env.production.')}`
}

/**
 * Replaces a part of a template, and throws if the template does not contain it, so that a reworded template loses
 * nothing unnoticed.
 */
function replacePart(text: string, part: string | RegExp, replacement: string): string {
  const replaced = text.replace(part, () => replacement)
  if (replaced === text) throw new Error(`The template has no ${part}`)

  return replaced
}

/** The parts of the configuration that differ with a login at an identity provider. */
const loginParts: ReadonlyArray<readonly [part: string | RegExp, replacement: string]> = [
  [
    'import { auditTrail',
    "import { gatewayLogin, oidc } from 'portcullis/login'\nimport { auditTrail",
  ],
  [
    `/** The data of a session; your server decides it when it starts one. */
interface Data {
  user: string
  roles?: string[]
}`,
    `/** The data of a session, as \`identify\` below returns it. */
interface Data {
  user: string
  name: string
  roles: string[]
}`,
  ],
  [
    '      ASSERTION_KEY: string\n',
    `      ASSERTION_KEY: string
      /** The provider's issuer, exactly as the provider writes it. */
      LOGIN_ISSUER: string
      LOGIN_CLIENT_ID: string
      LOGIN_CLIENT_SECRET: string
`,
  ],
  [', sessions: true } },', ' } },'],
  ['data.roles ?? []', 'data.roles'],
  [
    "    signIn: '/login',\n",
    `    // The pages of the login are under /.portcullis/. docs/login.md has presets for Google, Entra, Okta and others.
    // A logout that the provider asks for needs sessions in a store; docs/getting-started.md puts them into Redis.
    login: gatewayLogin<Data>({
      providers: {
        work: oidc({
          issuer: (c) => c.env.LOGIN_ISSUER,
          clientId: (c) => c.env.LOGIN_CLIENT_ID,
          clientSecret: (c) => c.env.LOGIN_CLIENT_SECRET,
        }),
      },
      // A person for whom this returns undefined is not admitted.
      identify: ({ user, claims, roles }) => ({
        user,
        name: \`\${claims.name}\`,
        roles: roles('groups', { admin: 'admins' }),
      }),
    }),
`,
  ],
  [/ {6}\{ path: '\/login', methods[\s\S]*?sessions: \['end'\] \},\n/, ''],
]

/** Changes the configuration so that users sign in at an identity provider instead of pages of the upstream. */
function addLogin(text: string): string {
  let configuration = text
  for (const [part, replacement] of loginParts) {
    configuration = replacePart(configuration, part, replacement)
  }

  return configuration
}

/** Adds the settings that a login reads. */
function addLoginSettings(text: string): string {
  return text
    .replaceAll('"ASSERTION_KEY"]', '"ASSERTION_KEY", "LOGIN_CLIENT_SECRET"]')
    .replace(
      '\n\n[dev]',
      `
LOGIN_ISSUER = "http://localhost:8789" # the development provider; yours in its place
LOGIN_CLIENT_ID = "dev"

[dev]`,
    )
    .replace(
      /(UPSTREAM_URL = "https:.*)\n$/,
      `$1
LOGIN_ISSUER = "https://id.example.com"
LOGIN_CLIENT_ID = "my-app"
`,
    )
}

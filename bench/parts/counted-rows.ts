/** The rows that are counted in instructions. */
import { assertionKey } from '../../tools/dev/secret.ts'
import { type Counted, type CountSettings, counted, countStart } from '../lib/counted.ts'
import { inLoop, labels, named } from './headers.ts'

/** One thing that is counted. */
export interface Row {
  readonly label: string
  readonly code: string
  /** Where it differs from that of the table. */
  readonly path?: string
  readonly bindings?: Readonly<Record<string, string>>
}

/** Rows that are compared with the first of them. */
export interface RowTable {
  readonly path: string
  /** Counts the start of workerd in place of requests. */
  readonly start?: boolean
  readonly rows: readonly Row[]
}

const guards: readonly Row[] = (['noop', 'hand', 'hono', 'hono-policy', 'ours'] as const).map(
  (name) => ({ label: labels[name], code: inLoop(named[name]) }),
)
const forms: readonly Row[] = (['noop', 'hono-csrf', 'ours-csrf'] as const).map((name) => ({
  label: labels[name],
  code: inLoop(named[name]),
}))

const inApp = (
  file: string,
  before = 'const app = new Hono()',
): string => `import { Hono } from 'hono'
import { mount } from './routes/${file}.ts'
import { looped } from './routes/loop.ts'
${before}
mount(app)
export default looped(app)`

/** What ours is compared with: the goals of the design are shares of it. */
export const handWritten = 'hand-written, with the same words to caches'
export const ours = 'Portcullis'

const sessions: readonly Row[] = [
  { label: 'Hono, no session', code: inApp('bare') },
  { label: 'hand-written, nothing spared', code: inApp('hand-lean') },
  { label: handWritten, code: inApp('hand-caches') },
  { label: 'hand-written with hono/cookie', code: inApp('hand') },
  { label: ours, code: inApp('ours') },
  { label: 'jose with hono/cookie', code: inApp('jose') },
  { label: '@hono/session', code: inApp('hono-session') },
  { label: 'iron-session', code: inApp('iron-session') },
  { label: 'hono-sessions', code: inApp('hono-sessions') },
]

const honoGuards = `import { secureHeaders } from 'hono/secure-headers'
import { csrf } from 'hono/csrf'
import { requestId } from 'hono/request-id'
import { bodyLimit } from 'hono/body-limit'
const app = new Hono().use(requestId()).use(secureHeaders()).use(csrf()).use(bodyLimit({ maxSize: 10_485_760 }))`

const stacks: readonly Row[] = [
  { label: 'Hono, nothing', code: inApp('bare') },
  {
    label: ours,
    code: `import { Hono } from 'hono'
import { portcullis } from '../../src/stack/portcullis.ts'
import { looped } from './routes/loop.ts'
import { routes, sessions } from './routes/ours.ts'
const app = new Hono().use(portcullis({ session: sessions }))
routes(app)
export default looped(app)`,
  },
  { label: 'Hono guards + hand-written', code: inApp('hand', honoGuards) },
  { label: 'Hono guards + @hono/session', code: inApp('hono-session', honoGuards) },
  { label: 'Hono guards + iron-session', code: inApp('iron-session', honoGuards) },
]

const inGateway = (code: string): string =>
  `import { countedGateway, looped, passOn } from './gateway-counted.ts'\nexport default ${code}`
const amongPeers = (name: string): string =>
  `import { looped } from './gateway-counted.ts'\nimport { ${name} } from './peers-counted.ts'\nexport default looped(${name}())`

export const passingOn = 'a Worker that only passes on'
export const assembly = 'Hono guards, @hono/session and hono/proxy'
export const signedIn = 'Portcullis, a signed-in request'
export const kept = 'the same with an assertion that is kept'
export const signing = 'the same with an assertion signed for every request'

const bindings = { KEY: await assertionKey() }

/** The parts of the gateway: what it adds to a Worker that only passes requests on. */
export const gateways: readonly Row[] = [
  { label: passingOn, code: inGateway('looped(passOn)') },
  { label: 'hono/proxy', code: amongPeers('honoProxy') },
  { label: assembly, path: '/account', code: amongPeers('honoSessionAssembly') },
  {
    label: 'Hono guards, iron-session and hono/proxy',
    path: '/account',
    code: amongPeers('ironSessionAssembly'),
  },
  {
    label: 'Portcullis without sessions',
    code: inGateway('looped(countedGateway({ bare: true }))'),
  },
  { label: 'Portcullis, an anonymous request', code: inGateway('looped(countedGateway({}))') },
  {
    label: signedIn,
    path: '/account',
    code: inGateway('looped(countedGateway({}), countedGateway({ assertion: true }))'),
    bindings,
  },
  {
    label: kept,
    path: '/account',
    code: inGateway("looped(countedGateway({ assertion: 'kept' }))"),
    bindings,
  },
  {
    label: signing,
    path: '/account',
    code: inGateway('looped(countedGateway({ assertion: true }))'),
    bindings,
  },
  {
    label: 'Portcullis without sessions, a limit in memory',
    code: inGateway('looped(countedGateway({ bare: true, limited: true }))'),
  },
  {
    label: 'Portcullis without sessions, a throttled login',
    path: '/throttled',
    code: inGateway('looped(countedGateway({ bare: true, throttled: true }))'),
  },
]

const stored = (binding: string): string =>
  `import { loopedBound } from './bound.ts'\nexport default loopedBound('${binding}')`

const boundSessions: readonly Row[] = [
  { label: 'Portcullis, a stored session', code: stored('off') },
  { label: 'Portcullis, not bound, with the option device', code: stored('unbound') },
  { label: 'Portcullis, bound to a device', code: stored('bound') },
]

const starts: readonly Row[] = [
  { label: 'Hono, no session', path: '/read', code: inApp('bare') },
  { label: ours, path: '/read', code: inApp('ours') },
  { label: 'Portcullis, the gateway', code: inGateway('looped(countedGateway({ bare: true }))') },
]

/** All tables. */
export const tables: readonly RowTable[] = [
  { path: '/document', rows: guards },
  { path: '/api', rows: guards },
  { path: '/form', rows: forms },
  { path: '/read', rows: sessions },
  { path: '/write', rows: sessions },
  { path: '/stack', rows: stacks.map((row) => ({ ...row, path: '/read' })) },
  { path: '/gateway', rows: gateways },
  { path: '/bound', rows: boundSessions },
  { path: '/start', start: true, rows: starts },
]

/** Counts one row in a workerd of its own. */
export function countRow(row: Row, table: RowTable, settings: CountSettings): Promise<Counted> {
  const spec = { name: row.label, code: row.code, bindings: row.bindings ?? {} }
  const path = row.path ?? table.path
  return table.start ? countStart(spec, path) : counted(spec, path, settings)
}

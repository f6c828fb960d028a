/**
 * Pages of reference list every option that a type has: each is the first cell of a row of some table. docs/options.md
 * has every type of options, by `npm run check:docs`; these pages explain them, too.
 */
import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it.each([
  ['docs/errors.md', 'src/types.ts', 'SecurityEvent'],
  ['docs/hono.md', 'src/stack/portcullis.ts', 'StackOptions'],
  ['docs/limits.md', 'src/limit/gate.ts', 'RateLimitOptions'],
  ['docs/limits.md', 'src/limit/policies.ts', 'LimitPolicy'],
  ['docs/limits.md', 'src/limit/policies.ts', 'PolicyOptions'],
  ['docs/limits.md', 'src/limit/settings.ts', 'RedisLimiterOptions'],
  ['docs/limits.md', 'src/limit/exact/exact.ts', 'ExactLimiterOptions'],
  ['docs/limits.md', 'src/limit/memory/memory.ts', 'MemoryLimiterOptions'],
  ['docs/limits.md', 'src/limit/binding.ts', 'BindingLimiterOptions'],
  ['docs/limits.md', 'src/limit/upstash.ts', 'UpstashLimiterOptions'],
  ['docs/login-throttle.md', 'src/limit/throttle/options.ts', 'LoginThrottleOptions'],
  ['docs/login-throttle.md', 'src/gateway/throttle/types.ts', 'RouteThrottle'],
  ['docs/monitoring.md', 'src/monitor/audit/record.ts', 'AuditRecord'],
  ['docs/monitoring.md', 'src/monitor/line.ts', 'RequestLine'],
  ['docs/monitoring.md', 'src/monitor/monitor.ts', 'MonitorOptions'],
  ['docs/monitoring.md', 'src/monitor/trace.ts', 'TraceOptions'],
  ['docs/monitoring.md', 'src/monitor/telemetry/options.ts', 'TelemetryOptions'],
  ['docs/monitoring.md', 'src/monitor/uptime.ts', 'UptimeOptions'],
  ['docs/node.md', 'node/options.ts', 'ServeOptions'],
  ['docs/operations.md', 'src/gateway/checks/maintenance.ts', 'Maintenance'],
  ['docs/proxy.md', 'src/proxy/cache/public-cache.ts', 'CacheOptions'],
  ['docs/proxy.md', 'src/proxy/fetch/breaker.ts', 'BreakerOptions'],
  ['docs/proxy.md', 'src/proxy/options.ts', 'ProxyOptions'],
  ['docs/sessions.md', 'src/session/core/types.ts', 'SessionInfo'],
])('%s has a row for each option in %s, %s', (page, file, type) => {
  const options = readOptions(file, type)
  const rows = readRows(page)

  expect(options.length).toBeGreaterThan(0)
  expect(options.filter((name) => !rows.includes(name))).toEqual([])
})

it('docs/cli.md names every command and every flag', () => {
  const page = readFileSync('docs/cli.md', 'utf8')
  const sources = globSync('cli/*.ts').map((path) => readFileSync(path, 'utf8'))
  const flags = new Set(sources.join('\n').match(/(?<=['"`[ ])--[a-z][a-z-]+(?=['"`\] ])/g))
  // Of npm and wrangler, whose commands the texts name.
  const others = [
    '--secrets-file',
    '--dry-run',
    '--outdir',
    '--save-dev',
    '--local-protocol',
    '--var',
  ]
  for (const other of others) flags.delete(other)

  expect(flags.size).toBeGreaterThan(5)
  expect([...flags].filter((flag) => !page.includes(flag))).toEqual([])
})

it('docs/monitoring.md has a row for each action of an audit record', () => {
  const [, after = ''] = readFileSync('src/monitor/audit/record.ts', 'utf8').split(
    'export type AuditAction =',
  )
  const [union = ''] = after.split('\n\n')
  const actions = [...union.matchAll(/'([\w-]+)'/g)].map(([, action]) => action)
  const rows = readRows('docs/monitoring.md')

  expect(actions.length).toBeGreaterThan(10)
  expect(actions.filter((action) => !rows.includes(`${action}`))).toEqual([])
})

/** Members of an interface, as its source has them: types are gone when a test runs. */
function readOptions(file: string, type: string): string[] {
  const [, after = ''] = readFileSync(file, 'utf8').split(
    new RegExp(`^export interface ${type}\\b`, 'm'),
  )
  const [body = ''] = after.split('\n}\n')
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name = '']) => name)
}

/** Names in the first cells of a page's tables; of `upstream.keepAliveMs` also `upstream`. */
function readRows(page: string): string[] {
  const cells = [...readFileSync(page, 'utf8').matchAll(/^\| (`[^|]+`) \|/gm)]
  return cells.flatMap(([, cell = '']) =>
    cell
      .replaceAll('`', '')
      .split(', ')
      .flatMap((name) => [name, name.replace(/\..*/, '')]),
  )
}

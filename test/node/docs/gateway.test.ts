/** docs/gateway.md lists every option of a gateway, of an upstream and of a route. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const page = readFileSync('docs/gateway.md', 'utf8')

it.each([
  ['Options of the gateway', 'src/gateway/config.ts', ['GatewayConfig']],
  [
    'Options of an upstream',
    'src/gateway/config.ts',
    [
      'UrlUpstream',
      'BindingUpstream',
      'AssetsUpstream',
      'AppUpstream',
      'WithBaseUrl',
      'UpstreamSettings',
    ],
  ],
  ['Every option of a route', 'src/gateway/routes/route.ts', ['Route']],
])('the table "%s" has a row for each and none for what is gone', (heading, file, types) => {
  const options = types.flatMap((type) => readOptions(file, type))
  const rows = readRows(heading)

  expect(options.length).toBeGreaterThan(8)
  expect(rows.sort()).toEqual(options.sort())
})

/** Members of an interface, as its source has them: types are gone when a test runs. */
function readOptions(file: string, type: string): string[] {
  const [, after = ''] = readFileSync(file, 'utf8').split(
    new RegExp(`^(?:export )?interface ${type}\\b`, 'm'),
  )
  const [body = ''] = after.split('\n}\n')
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name = '']) => name)
}

function readRows(heading: string): string[] {
  const section = page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return [...section.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell = '']) =>
    cell.replaceAll('`', '').split(', '),
  )
}

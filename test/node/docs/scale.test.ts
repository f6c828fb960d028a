/** The counts in docs/scale.md, by a walk over the real stores. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openObjects } from '../../../bench/parts/scale/objects.ts'
import {
  type CountedStore,
  countPages,
  openPostgres,
  openRedis,
} from '../../../bench/parts/scale/requests.ts'
import { noPostgres } from '../../support/postgres.ts'
import { noRedis } from '../../support/redis.ts'

const page = readFileSync('docs/scale.md', 'utf8')

/** The cells of the rows of a table, by the first of them. */
function readRows(heading: string): Map<string, string[]> {
  const section = page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  const rows = [...section.matchAll(/^\| (.+) \|$/gm)].map(([, row = '']) => row.split(' | '))
  return new Map(rows.map(([name = '', ...cells]) => [name, cells]))
}

const documented = readRows('What a session asks of its store')
/** The columns of the table, after the name of the page. */
const columns = [
  'Redis requests',
  'Redis commands',
  'Durable Objects requests',
  'Durable Objects rows read',
  'Durable Objects rows written',
  'Postgres statements',
]

async function expectCounts(
  open: () => Promise<CountedStore>,
  names: Readonly<Record<string, string>>,
): Promise<void> {
  const counted = await open()
  try {
    for (const [title, usage] of await countPages(counted)) {
      for (const [name, column] of Object.entries(names)) {
        const cell = documented.get(title)?.[columns.indexOf(column)]
        expect(`${title}: ${name} ${usage[name] ?? 0}`).toBe(`${title}: ${name} ${cell}`)
      }
    }
  } finally {
    await counted.stop()
  }
}

describe('what docs/scale.md says that a page asks', () => {
  it.skipIf(noRedis)('of Redis is so', () =>
    expectCounts(openRedis, {
      requests: 'Redis requests',
      'commands, inside of scripts too': 'Redis commands',
    }),
  )

  it('of Durable Objects is so', () =>
    expectCounts(openObjects, {
      requests: 'Durable Objects requests',
      'rows read': 'Durable Objects rows read',
      'rows written': 'Durable Objects rows written',
    }))

  it.skipIf(noPostgres)('of Postgres is so', () =>
    expectCounts(openPostgres, { statements: 'Postgres statements' }),
  )
})

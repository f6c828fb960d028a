import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runBlocks, whyNot } from '../../../tools/check/run-blocks.ts'

describe('a block', () => {
  it.each([
    [
      'alone',
      "import { session } from 'portcullis/session'\nimport { Hono } from 'hono'",
      undefined,
    ],
    ['with types of others', "import type { X } from './types.ts'", undefined],
    ['that declares for the project', 'declare global {\n}', undefined],
    [
      'with a value that is only declared',
      'declare const app: Hono',
      'it needs what it only declares',
    ],
    ['with another file', "import { x } from './x.ts'", 'it needs another file or package'],
    ['with another package', "import express from 'express'", 'it needs another file or package'],
  ])('%s', (_, text, why) => {
    expect(whyNot(text)).toBe(why)
  })
})

describe('running', () => {
  let out: string
  beforeAll(() => {
    out = mkdtempSync(join(tmpdir(), 'portcullis-blocks-'))
  })
  afterAll(() => rmSync(out, { recursive: true, force: true }))
  const doors = { 'portcullis/session': resolve('src/session/index.ts') }
  const run = async (text: string) => {
    mkdirSync(out, { recursive: true })
    writeFileSync(join(out, 'x.ts'), text)
    return runBlocks([{ file: 'x.ts', page: 'page.md', line: 7, text }], doors, out)
  }

  it('finds options that compile and cannot be served', async () => {
    const { faults } = await run(
      "import { statelessSessions } from 'portcullis/session'\nstatelessSessions<{ n: number }>({ secret: 'short' })",
    )
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(/^page\.md:7: ConfigError: session\.secret /)
  })

  it('asks what it exports for a page', async () => {
    expect(
      await run('export default { fetch: () => new Response(null, { status: 500 }) }'),
    ).toEqual({
      ran: 1,
      asked: 1,
      faults: ['page.md:7: answers 500 to a request for /'],
    })
    expect(
      await run(
        'export default { fetch: (_: Request, env: { SESSION_SECRET: string }) => new Response(env.SESSION_SECRET) }',
      ),
    ).toEqual({
      ran: 1,
      asked: 1,
      faults: [],
    })
  })

  it('leaves out what cannot stand alone', async () => {
    expect(await run("import { x } from './gone.ts'\nx()")).toEqual({
      ran: 0,
      asked: 0,
      faults: [],
    })
  })
})

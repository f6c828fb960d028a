/** Bytes on a socket, against the gateway in bare workerd: what the client gets, and every byte that the upstream saw. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { raw } from '../../support/raw.ts'
import { answers } from './answers.ts'
import { heads } from './heads.ts'
import { paths } from './paths.ts'
import { queries } from './queries.ts'
import { type Field, takeField } from './support.ts'
import type { Attack } from './table.ts'

let field: Field
beforeAll(async () => {
  field = await takeField()
})
afterAll(() => field.stop())
beforeEach(() => field.origin.reset())

describe.each([
  { name: 'paths', attacks: paths },
  { name: 'heads', attacks: heads },
  { name: 'answers', attacks: answers },
  { name: 'queries', attacks: queries },
])('$name', ({ attacks }) => {
  it.each(attacks.map((attack) => [attack.number, attack.attack, attack] as const))(
    'case %i: %s',
    async (_n, _a, row) => {
      await strike(row)
    },
  )
})

async function strike({
  send,
  answer,
  status,
  headers = {},
  body,
  upstream = '',
  before,
}: Attack): Promise<void> {
  const { worker, origin, session, visitor, seen } = field
  const { host } = new URL(origin.url)
  if (answer !== undefined) origin.answer(answer.replaceAll('{origin}', host))
  const sent = send.replaceAll('{session}', session).replaceAll('{visitor}', visitor)
  const got = (await raw(worker.port, sent)).find((one) => one.status >= 200)
  expect(got?.status).toBe(status)
  expect(seen()).toBe(upstream)
  for (const [name, value] of Object.entries(headers)) {
    if (Array.isArray(value)) expect([name, got?.all(name)]).toEqual([name, value])
    else expect([name, got?.header(name)]).toEqual([name, value ?? undefined])
  }
  if (body !== undefined) expect(Buffer.from(got?.body ?? []).toString('latin1')).toBe(body)
  // Every answer of the gateway has its headers; those of the runtime itself do not.
  expect(got?.header('x-content-type-options')).toBe(before ? undefined : 'nosniff')
}

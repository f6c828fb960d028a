import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { type GraphqlLimits, graphqlGuard, graphqlLimits } from '../../src/graphql/index.ts'

const url = 'https://app.example.test/graphql'
const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

async function send(
  limits: GraphqlLimits,
  body: string,
  query = '',
): Promise<[number, string, string]> {
  const app = new Hono()
    .use('/graphql', graphqlGuard(limits))
    .all('/graphql', (c) => c.json({ errors: [] }))
  const init = { method: 'POST', body, headers: { 'content-type': 'application/json' } }
  const response = await app.request(url + query, query === '' ? init : {})
  const { errors } = (await response.json()) as {
    errors: Array<{ message: string; extensions: { code: string } }>
  }
  return [response.status, errors[0]?.extensions.code ?? 'passes', errors[0]?.message ?? '']
}

const tooDeep = [
  400,
  'GRAPHQL_VARIABLES_TOO_DEEP',
  'The variables, or the extensions, are nested too deeply.',
]
const passes = [200, 'passes', '']

describe('P11: how deep variables may be', () => {
  test.each([
    [{}, 32, passes],
    [{}, 33, tooDeep],
    [{ maxVariableDepth: 33 }, 33, passes],
    [{ maxVariableDepth: 33 }, 34, tooDeep],
    [{ maxVariableDepth: 200 }, 200, passes],
    [{ maxVariableDepth: 1 }, 2, tooDeep],
  ])('P11: %j: %i levels', async (limits, levels, answer) => {
    expect(await send(limits, `{"query":"{a}","variables":${deep(levels)}}`)).toEqual(answer)
    expect(
      await send({ ...limits, maxBatch: 2 }, `[{"query":"{a}","variables":${deep(levels)}}]`),
    ).toEqual(answer)
    const query = `?query={a}&variables=${encodeURIComponent(deep(levels))}`
    expect(await send({ ...limits, get: true }, '', query)).toEqual(answer)
  })

  test('P11: what is no JSON, or leads to a prototype, is told otherwise', async () => {
    for (const body of [
      `{"query":"{a}","variables":{"a":}`,
      `{"query":"{a}","__proto__":${deep(40)}}`,
      '{"a"',
    ]) {
      expect((await send({}, body))[1]).toBe('BODY_MALFORMED')
    }
  })

  test('P11: the option is judged', () => {
    expect(() => graphqlLimits({ maxVariableDepth: 0 })).toThrow(
      'graphqlLimits.maxVariableDepth must be a whole number of levels from 1 to 1000',
    )
  })
})

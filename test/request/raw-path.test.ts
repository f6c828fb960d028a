import { describe, expect, test } from 'vitest'
import { canonicalPath } from '../../src/request/index.ts'
import { bench } from '../gateway/support.ts'

/** Every printable character of ASCII but letters, digits and what ends a path or escapes. */
const signs = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i)).filter(
  (char) => !/[\w/?#%\\;]/.test(char),
)

describe('P11: what fetch and browsers send as it is', () => {
  // `/?q=a|b` and `/wiki/A|B` in Node, Bun, Deno and Firefox: URL parsers escape neither.
  test.each(signs)('P11: %s in a path is taken where some URL parser leaves it', (sign) => {
    const url = `https://shop.example/a${sign}b`
    const left = sign === '^' || new URL(url).pathname === `/a${sign}b`
    const result = canonicalPath(url)
    expect(result.ok).toBe(left)
    if (result.ok) expect(result.path.replace('%5E', '^')).toBe(`/a${sign}b`)
  })

  test.each(signs)('P11: %s in a query is taken', (sign) => {
    expect(canonicalPath(`https://shop.example/?a${sign}b`)).toEqual({
      ok: true,
      path: '/',
      search: `?a${sign}b`,
    })
  })

  test.each(['GET', 'POST'])(
    'P11: | in a path reaches the upstream of a gateway: %s',
    async (method) => {
      const at = await bench()
      expect((await at.ask('/wiki/A|B?c|d', { method })).status).toBe(200)
      expect(at.last().url).toBe('http://upstream.test:8080/wiki/A|B?c|d')
    },
  )

  test.each(['/admin|', '/admin/x|y', '/ADMIN/|'])('P11: it opens no guard: %s', async (path) => {
    const at = await bench({
      routes: [
        { path: '/login', to: 'app', access: 'public' },
        { path: '/admin/*', to: 'app' },
        { path: '/admin|', to: 'app' },
      ],
    })
    expect([401, 404]).toContain((await at.ask(path)).status)
    expect(at.seen.length).toBe(0)
  })
})

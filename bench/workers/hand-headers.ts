/** The least there is to do: one look at what is there, and a set for each header that is not. */
import type { MiddlewareHandler } from 'hono'
import { compileHeaders } from '../../src/headers/index.ts'

// The headers of documents and of data over https, by their bits, but those that only go beside somebody else's policy.
const { headers } = compileHeaders()
export const [document = [], api = []] = [8, 14].map((bit) =>
  headers.filter(({ where, how }) => (where >> bit) & 1 && how < 8),
)

/** No nonce, no scheme, no names to take away, no second thought about a header that is there. */
export const hand: MiddlewareHandler = async function hand(c, next) {
  await next()
  const { res } = c
  let there: string[] | undefined
  let type = ''
  res.headers.forEach((value, name) => {
    if (name === 'content-type') {
      type = value
      return
    }
    there ??= []
    there.push(name)
  })
  const rows = type.startsWith('text/html') ? document : api
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]
    if (row !== undefined && !there?.includes(row.name)) res.headers.set(row.name, row.value)
  }
}

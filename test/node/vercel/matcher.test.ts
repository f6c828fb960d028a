import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

interface Configured {
  readonly basePath?: string
  readonly i18n?: true
}

/** The list of `export const config = { matcher: [...] }`, which Next reads without running the file. */
function readMatcher(file: string): string[] {
  const [, list = ''] = /config = \{ matcher: (\[.*\]) \}/.exec(readFileSync(file, 'utf8')) ?? []
  return [...list.matchAll(/'((?:[^'\\]|\\.)*)'/g)].map(([, text = '']) =>
    text.replaceAll('\\\\', '\\'),
  )
}

/**
 * The expression that Next 16.4.5 makes of a source: getMiddlewareMatchers of its build/analysis/get-page-static-info.js,
 * and path-to-regexp, for which a slash before a group belongs to the group and one at the end of a path may be there.
 */
function compileSource(source: string, { basePath = '', i18n }: Configured): RegExp {
  const locale = i18n ? '(?:/((?!_next/)[^/.]{1,}))' : ''
  const data = '(?:/(_next/data/[^/]{1,}))?'
  const transport = '\\.rsc|\\.segments/.+\\.segment\\.rsc'
  const home = `/?index|/?index\\.json|/?index(?:${transport})`
  const root = i18n ? `(|\\.json|${home})?` : `(?:/(${home}))?`
  const own = source === '/' ? root : `(?:${source})(\\.json|${transport})?`
  return new RegExp(`^${basePath}${data}${locale}${own}[/#?]?$`)
}

const files = ['README.md', 'docs/vercel.md', 'examples/vercel-next/proxy.ts', 'test/next/proxy.ts']

describe.each(files)('the matcher of %s', (file) => {
  function calls(path: string, config: Configured = {}): boolean {
    return readMatcher(file).some((source) => compileSource(source, config).test(path))
  }

  // GET /shop and GET / of a project with i18n, whose paths have their locale when Next compares them.
  it.each<[string, Configured]>([
    ['/', {}],
    ['/shop', { basePath: '/shop' }],
    ['/shop/', { basePath: '/shop' }],
    ['/en', { i18n: true }],
    ['/fr', { i18n: true }],
    ['/fr/', { i18n: true }],
    ['/shop/en', { basePath: '/shop', i18n: true }],
    ['/shop/fr', { basePath: '/shop', i18n: true }],
    ['/_next/data/Xy1/index.json', {}],
    ['/shop/_next/data/Xy1/index.json', { basePath: '/shop' }],
    ['/_next/data/Xy1/fr.json', { i18n: true }],
    ['/shop/_next/data/Xy1/fr.json', { basePath: '/shop', i18n: true }],
  ])('N1: has the guard called for the home page %s of a project with %j', (path, config) => {
    expect(calls(path, config)).toBe(true)
  })

  it.each<[string, Configured]>([
    ['/admin', {}],
    ['/shop/admin', { basePath: '/shop' }],
    ['/fr/admin', { i18n: true }],
    ['/shop/fr/admin/users', { basePath: '/shop', i18n: true }],
    ['/_next/data/Xy1/admin.json', {}],
    ['/favicon.icoX', {}],
    ['/favicon.ico/admin', {}],
    ['/_next/imagery', {}],
    ['/_next/image/admin', {}],
    ['/_next/staticky', {}],
  ])('N1: has the guard called for the page %s of a project with %j', (path, config) => {
    expect(calls(path, config)).toBe(true)
  })

  // GET /_next/image?url=%2Fimages%2Flogo.png&w=64&q=75; no matcher sees a query.
  it.each<[string, Configured]>([
    ['/_next/image', {}],
    ['/_next/image/', {}],
    ['/shop/_next/image', { basePath: '/shop' }],
    ['/_next/image', { i18n: true }],
    ['/_next/static/chunks/main.js', {}],
    ['/favicon.ico', {}],
  ])('N3: leaves %s of a project with %j to Next', (path, config) => {
    expect(calls(path, config)).toBe(false)
  })
})

it('N1: the matcher of examples/vercel-function begins with the home page, too', () => {
  const matcher = readMatcher('examples/vercel-function/proxy.ts')
  expect(matcher.some((source) => compileSource(source, { basePath: '/shop' }).test('/shop'))).toBe(
    true,
  )
})

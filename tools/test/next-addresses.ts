/** Every address at which Next serves the guarded pages of a test project, by its own manifests and by hand. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What of next.config changes addresses. */
export interface AddressSettings {
  readonly basePath?: string
  readonly i18n?: { readonly locales: readonly string[] }
  readonly rewrites?: ReadonlyArray<{ readonly source: string; readonly destination: string }>
}

/** One request: a raw path, a method and headers. */
export interface Attack {
  readonly path: string
  readonly method?: 'POST'
  readonly headers: Readonly<Record<string, string>>
}

interface Manifest {
  readonly staticRoutes?: ReadonlyArray<{ readonly page: string }>
  readonly dynamicRoutes?: ReadonlyArray<{ readonly page: string }>
  readonly dataRoutes?: ReadonlyArray<{ readonly page: string }>
}

const guarded = /(?:^|\/)(?:\(\.{1,3}\))*admin(?:\/|$)/

/** Pages that a manifest of the build names and the guard protects, with parameters filled in. */
function listGuardedPages(folder: string): string[] {
  const read = <T>(file: string): T | undefined => {
    const path = join(folder, '.next', file)
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined
  }
  const routes: Manifest = read('routes-manifest.json') ?? {}
  const pages = [routes.staticRoutes, routes.dynamicRoutes, routes.dataRoutes].flatMap(
    (list) => list ?? [],
  )
  const prerendered =
    read<{ routes: Record<string, unknown> }>('prerender-manifest.json')?.routes ?? {}
  const named = [
    ...pages.map(({ page }) => page),
    ...Object.keys(prerendered),
    ...Object.keys(read<Record<string, string>>('server/pages-manifest.json') ?? {}),
    ...Object.values(read<Record<string, string>>('app-path-routes-manifest.json') ?? {}),
  ]

  const filled = named.flatMap((page) =>
    page.includes('[') ? [page.replace(/\/\[\[.*$/, ''), page.replace(/\[.*$/, 'a/b%20c')] : [page],
  )
  return [...new Set(filled.map((page) => page.replace(/^\/(?:en|fr|pt-BR)(?=\/)/, '')))].filter(
    (page) => guarded.test(page),
  )
}

/** Files of the build that hold a page's data: `admin/static.rsc`, `admin/static.segments/_tree.segment.rsc`. */
function listDataFiles(folder: string): string[] {
  const files: string[] = []
  for (const part of ['server/app', 'server/pages']) {
    const at = join(folder, '.next', part)
    if (!existsSync(at)) continue

    const found = readdirSync(at, { recursive: true, encoding: 'utf8' })
    files.push(
      ...found.filter((file) => /\.(?:rsc|json|html|meta)$/.test(file)).map((file) => `/${file}`),
    )
  }

  return files.filter((file) =>
    guarded.test(file.replace(/\.(?:rsc|segments|json|html|meta)/, '/')),
  )
}

const segments = [
  '/_tree',
  '/_full',
  '/_head',
  '/admin',
  '/admin/__PAGE__',
  '/admin/static/__PAGE__',
]
const said: ReadonlyArray<Readonly<Record<string, string>>> = [
  {},
  { rsc: '1' },
  { rsc: '1', 'next-router-prefetch': '1' },
  ...segments.map((segment) => ({
    rsc: '1',
    'next-router-prefetch': '1',
    'next-router-segment-prefetch': segment,
  })),
  { rsc: '1', 'next-url': '/feed' },
  { rsc: '1', 'next-router-state-tree': '%5B%22%22%2C%7B%7D%2Cnull%2C%22refetch%22%5D' },
  { purpose: 'prefetch', 'x-middleware-prefetch': '1' },
  { 'x-nextjs-data': '1' },
]

/** Words of Next and Vercel to themselves; the first is CVE-2025-29927. */
function listForgeries(page: string): ReadonlyArray<Readonly<Record<string, string>>> {
  const five = (name: string): string => Array(5).fill(name).join(':')
  return [
    { 'x-middleware-subrequest': five('middleware') },
    { 'x-middleware-subrequest': five('proxy') },
    { 'x-middleware-rewrite': page },
    { 'x-middleware-next': '1' },
    { 'x-middleware-override-headers': 'cookie', 'x-middleware-request-cookie': 'a=1' },
    { 'x-middleware-invoke': '1' },
    { 'x-invoke-path': page, 'x-invoke-status': '200', 'x-invoke-output': page },
    { 'x-matched-path': page },
    { 'x-now-route-matches': '1=admin' },
    { 'x-nextjs-rewrite': page, 'x-nextjs-matched-path': page },
    { 'next-resume': '1' },
    { 'x-prerender-revalidate': 'guess' },
    { 'x-forwarded-host': 'fr.localhost' },
    { 'x-original-url': page, 'x-rewrite-url': page },
  ]
}

/** Every request that might get a guarded page of the project. */
export function listAttacks(folder: string, settings: AddressSettings): Attack[] {
  const build = readFileSync(join(folder, '.next', 'BUILD_ID'), 'utf8')
  const pages = [
    ...listGuardedPages(folder),
    ...(settings.rewrites ?? []).map(({ source }) => source.replace(':path*', 'static')),
  ]
  if (pages.length < 4)
    throw new Error(`found ${pages.length} guarded pages in the manifests of ${folder}`)

  const paths = new Set<string>()
  const spelled = new Set(pages.filter((page) => /^\/(?:admin|boss)(?:\/static)?$/.test(page)))

  for (const page of pages) {
    const spell = spelled.has(page) ? spellEveryWay : spellPage
    for (const path of spell(page, build, settings)) paths.add(path)
  }

  for (const file of listDataFiles(folder)) paths.add((settings.basePath ?? '') + file)

  const attacks: Attack[] = [...paths].map((path) => ({ path, headers: {} }))
  const { basePath = '' } = settings

  for (const page of pages) {
    const data = `${basePath}/_next/data/${build}${page}.json`
    for (const headers of said.slice(1))
      attacks.push({ path: basePath + page, headers }, { path: data, headers })

    for (const headers of listForgeries(page)) {
      attacks.push({ path: basePath + page, headers }, { path: basePath || '/', headers })
    }

    attacks.push({ path: `${basePath}${page}?_rsc=1x2y3`, headers: { rsc: '1' } })
  }

  for (const action of listActions(folder)) {
    for (const path of ['/', '/admin', '/gallery']) {
      const at = path === '/' ? basePath || '/' : basePath + path
      attacks.push({ path: at, method: 'POST', headers: { 'next-action': action } })
      attacks.push({ path: at, method: 'POST', headers: { 'next-action': action, rsc: '1' } })
    }
  }

  return [...new Map(attacks.map((attack) => [JSON.stringify(attack), attack])).values()]
}

/** Ids of the Server Functions that guarded pages alone use. */
function listActions(folder: string): string[] {
  const file = join(folder, '.next/server/server-reference-manifest.json')
  if (!existsSync(file)) return []

  const { node } = JSON.parse(readFileSync(file, 'utf8')) as {
    node: Record<string, { workers: object }>
  }
  const guardedOnly = Object.entries(node).filter(([, { workers }]) =>
    Object.keys(workers).every((worker) => worker.includes('admin')),
  )

  return guardedOnly.map(([id]) => id)
}

/** One page under every base path and locale, and as data. */
function spellPage(
  page: string,
  build: string,
  { basePath = '', i18n }: AddressSettings,
): string[] {
  const prefixes = ['', ...(i18n?.locales ?? []).map((locale) => `/${locale}`)]
  const paths = prefixes.flatMap((prefix) => [
    prefix + page,
    prefix + basePath + page,
    basePath + prefix + page,
    `${basePath}${prefix}${page}.rsc`,
    `${basePath}/_next/data/${build}${prefix}${page}.json`,
    `/_next/data/${build}${basePath}${prefix}${page}.json`,
  ])

  return [...paths, `${basePath}/_next/image?url=${encodeURIComponent(basePath + page)}&w=64&q=75`]
}

/** The same in wrong letter case, with locales twice, and with every data prefix, suffix and escape. */
function spellEveryWay(
  page: string,
  build: string,
  { basePath = '', i18n }: AddressSettings,
): string[] {
  const locales = i18n === undefined ? [] : [...i18n.locales, 'FR', 'pt-br', 'EN', 'fr/fr', 'en/fr']
  const prefixes = ['', ...locales.map((locale) => `/${locale}`)]
  const bases = [...new Set(['', basePath])]
  const found: string[] = []

  for (const base of bases) {
    for (const prefix of prefixes) {
      const whole = base + prefix + page
      found.push(whole, `${whole}/`, prefix + base + page, prefix + base + prefix + page)

      // Outside its base path a project serves nothing but, by one spelling of its router, data.
      if (base !== basePath) {
        found.push(`/_next/data/${build}${basePath}${prefix}${page}.json`)
        continue
      }

      found.push(
        `${base}/_next/data/other${prefix}${page}.json`,
        `${base}/_next/data/${build}${prefix}${page}.json`,
        `${base}/_next/data/${build}${prefix}/index${page}.json`,
        `${base}/_next/data/${build}${prefix}${page}/index.json`,
        `${base}${prefix}/_next/data/${build}${page}.json`,
        `/_next/data/${build}${base}${prefix}${page}.json`,
      )

      for (const suffix of [
        '.rsc',
        '.prefetch.rsc',
        '.segments/_tree.segment.rsc',
        '.txt',
        '.html',
        '.json',
        '/index',
      ]) {
        found.push(whole + suffix)
      }
    }

    found.push(...spellEscapes(base, page))
  }

  return found
}

function spellEscapes(base: string, page: string): string[] {
  const rest = page.slice(1)
  const first = `%${rest.charCodeAt(0).toString(16)}${rest.slice(1)}`

  return [
    `${base}/${first}`,
    `${base}/${first.replace('%', '%25')}`,
    `${base}/${rest.toUpperCase()}`,
    `${base}//${rest}`,
    `${base}/./${rest}`,
    `${base}/x/../${rest}`,
    `${base}/x/%2e%2e/${rest}`,
    `${base}/x%2f..%2f${rest}`,
    `${base}\\${rest}`,
    `${base}/_next/static/../../${rest}`,
    `${base}/_next/static/%2e%2e/%2e%2e/${rest}`,
    `${base}/_next/image/../../${rest}`,
    `${base}/favicon.ico/../${rest}`,
    `${base}/${rest.replaceAll('/', '%2f')}`,
    `${base}/${rest};x=1`,
    `${base}/${rest}%00`,
    `${base}/${rest}%20`,
    `${base}/${rest}.`,
    `${base}/_next/image?url=${encodeURIComponent(base + page)}&w=64&q=75`,
  ]
}

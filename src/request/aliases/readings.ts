/**
 * Lists the further paths at which frameworks serve a page, each as a function that reads the page
 * from the path or the query. `aliases.ts` selects functions by the option `aliases`, and access
 * rules and the gateway use the names. It is pure and throws nothing; a path in another form gives
 * undefined.
 */

/** Reads the page from a path as one framework does. */
export type Reading = (path: string, search: string) => string | readonly string[] | undefined

/** The name of a framework, a server or a platform whose further paths are known. */
export type AliasName = (typeof aliasNames)[number]

/**
 * The names of the option `aliases`. A name without an entry in {@link readings} only has the
 * {@link commonReadings}.
 */
export const aliasNames = [
  'angular',
  'aspnet',
  'astro',
  'cloudflare',
  'django',
  'drupal',
  'express',
  'gatsby',
  'iis',
  'java',
  'laravel',
  'netlify',
  'next',
  'nuxt',
  'php',
  'rails',
  'react-router',
  'remix',
  'spring',
  'sveltekit',
  'symfony',
  'tomcat',
  'vercel',
  'wordpress',
  'yii',
] as const

/**
 * The extension of a script with the slash after it: the rest of `/index.php/admin` is a page. It
 * takes linear time, because no part can match what the next one does.
 */
const scriptEnd = /\.(?:php\d?|phtml|f?cgi|pl|py|rb|lua|wsgi|aspx?|cfm|dll|exe)\//gi

/**
 * Files with a page's data that are below its path: SvelteKit, Nuxt, React Router, Qwik, Next's
 * static export.
 */
const dataFile =
  /^(?:__data\.json|__route\.js|_payload\.(?:json|js)|_root\.data|_\.data|q-data\.json|__next\..*)$/i

/** A session without cookies in ASP.NET: `/(S(abc))/admin` is `/admin`. */
const cookieless = /^\((?:[a-z]\([^()]*\))+\)$/i

/** The readings for every upstream. No other framework has pages of its own at these paths. */
export const commonReadings: readonly Reading[] = [
  nextData,
  gatsbyData,
  belowPage,
  withoutSession,
  behindScript,
  (path) => (/\/j_security_check$/i.test(path) ? '/j_security_check' : undefined),
]

export const readings: Readonly<Partial<Record<AliasName, readonly Reading[]>>> = {
  next: [byParameter(/\/_next\/image\/?$/i, 'url'), behind('/_next/postponed/resume')],
  vercel: [byParameter(/^\/_vercel\/image\/?$/i, 'url')],
  netlify: [byParameter(/^\/\.netlify\/images\/?$/i, 'url')],
  cloudflare: [afterOptions('/cdn-cgi/image/')],
  nuxt: [afterOptions('/_ipx/')],
  astro: [byParameter(/\/_image\/?$/i, 'href')],
  aspnet: [(path) => (/^\/home(?:\/index)?\/?$/i.test(path) ? '/' : undefined)],
  java: [behind('/faces')],
  wordpress: [
    byParameter(/(?:)/, 'rest_route', '/wp-json'),
    byParameter(/(?:)/, 'pagename'),
    byParameter(/(?:)/, 'name'),
    wordpressPart,
    wordpressSlug,
  ],
  drupal: [byParameter(/(?:)/, 'q')],
  yii: [byParameter(/(?:)/, 'r')],
}

/**
 * Reads `/_next/data/<build>/admin.json` of Next's pages router, with or without a base path before
 * it.
 */
function nextData(path: string): readonly string[] | undefined {
  const index = path.search(/\/_next\/data\//i)
  if (index === -1) return undefined

  const fromIndex = path.indexOf('/', index + '/_next/data/'.length)
  if (fromIndex === -1) return undefined

  const pagePath = path.slice(fromIndex).replace(/\.json$/i, '')
  const own = pagePath === '/index' ? '/' : pagePath

  return index === 0 ? [own] : [own, path.slice(0, index) + (own === '/' ? '' : own)]
}

/** Reads `/page-data/admin/page-data.json` of Gatsby, with or without a path prefix before it. */
function gatsbyData(path: string): readonly string[] | undefined {
  const index = path.search(/\/page-data\//i)
  if (index === -1 || !/\/page-data\.json$/i.test(path)) return undefined

  const pagePath = path.slice(index + '/page-data'.length, -'/page-data.json'.length)
  const own = pagePath === '/index' || pagePath === '' ? '/' : pagePath

  return index === 0 ? [own] : [own, path.slice(0, index) + (own === '/' ? '' : own)]
}

/**
 * Reads `/admin/__data.json`, and `/admin.html__data.json` where SvelteKit writes pages to files.
 */
function belowPage(path: string): string | undefined {
  const startIndex = path.lastIndexOf('/')
  const file = path.slice(startIndex + 1)
  if (dataFile.test(file)) return path.slice(0, startIndex) || '/'

  return /\.html?__data\.json$/i.test(file) ? path.slice(0, -'__data.json'.length) : undefined
}

function withoutSession(path: string): string | undefined {
  if (!path.includes('/(')) return undefined

  const segments = path.split('/').filter((segment) => !cookieless.test(segment))
  const pagePath = segments.join('/') || '/'

  return pagePath === path ? undefined : pagePath
}

/**
 * Reads `/index.php/admin`, where a front controller reads the rest of the path. If the path has
 * several script names, the first or the last may be the front controller.
 */
function behindScript(path: string): readonly string[] | undefined {
  const ends = [...path.matchAll(scriptEnd)].map((match) => match.index + match[0].length - 1)
  if (ends.length === 0) return undefined
  return [...new Set([ends[0], ends.at(-1)])].map((end) => path.slice(end))
}

/**
 * Reads `/page/feed`, `/page/embed` and `/page/2`, where WordPress serves parts of a page below it.
 */
function wordpressPart(path: string): string | undefined {
  const part =
    /\/(?:feed(?:\/(?:rss2?|rdf|atom))?|embed|trackback|amp|\d{1,6}|page\/\d{1,6}|comment-page-\d{1,6})\/?$/i
  return part.test(path) ? path.replace(part, '') || '/' : undefined
}

/**
 * `/-page-`, `/my--page`, `/my.page`: WordPress looks a page up by its slug, in which dots and spaces are hyphens. It redirects
 * a GET to the page's own address, and answers a POST at once.
 *
 * @see wp-includes/formatting.php of WordPress 6.1.9, sanitize_title_with_dashes; wp-includes/canonical.php, redirect_canonical
 */
function wordpressSlug(path: string): string | undefined {
  if (!/[.\s~-]/.test(path)) return undefined
  const segments = path
    .split('/')
    .map((segment) => segment.replaceAll('~', '').replace(/[.\s-]+/g, '-'))
  return segments.map((segment) => segment.replace(/^-|-$/g, '')).join('/')
}

/** Creates a reading of pages after a marker: `/faces/admin.xhtml`. */
function behind(marker: string): Reading {
  return (path) => {
    const isBehind = path.slice(0, marker.length + 1).toLowerCase() === `${marker}/`
    return isBehind ? path.slice(marker.length) : undefined
  }
}

/**
 * Creates a reading of an image after the options of an image service: `/_ipx/w_200/admin/a.png`.
 */
function afterOptions(marker: string): Reading {
  return (path) => {
    const index = path.toLowerCase().indexOf(marker)
    const fromIndex = index === -1 ? -1 : path.indexOf('/', index + marker.length)
    return fromIndex === -1 ? undefined : path.slice(fromIndex)
  }
}

/**
 * Creates a reading of the page that a query parameter names. Of several values, servers use the
 * first or the last.
 */
function byParameter(where: RegExp, name: string, prefix = ''): Reading {
  return (path, search) => {
    if (!search.includes('=') || !where.test(path)) return undefined

    const values = [...new URLSearchParams(search)].flatMap(([key, value]) =>
      key.toLowerCase() === name ? value : [],
    )
    const pages = [...new Set([values[0] ?? '', values.at(-1) ?? ''])]

    // A page of another host is fetched without the user's session, so it is not read.
    const ownPages = pages.filter(
      (pagePath) => pagePath !== '' && !/^(?:[a-z][a-z\d+.-]*:)?\/\//i.test(pagePath),
    )
    return ownPages.map(
      (pagePath) => prefix + (pagePath.startsWith('/') ? pagePath : `/${pagePath}`),
    )
  }
}

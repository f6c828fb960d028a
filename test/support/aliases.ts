/** The further paths at which servers and frameworks serve a page, written out: none of them may pass its guard. */

/** What stands under a page's name in {@link aliasesOf}. */
export type Served =
  | 'anything'
  | 'aspnet'
  | 'astro'
  | 'cloudflare'
  | 'express'
  | 'gatsby'
  | 'java'
  | 'netlify'
  | 'next'
  | 'nuxt'
  | 'php'
  | 'rails'
  | 'react-router'
  | 'sveltekit'
  | 'vercel'
  | 'wordpress'
  | 'yii'

/** Every name of {@link Served}. */
export const servers: readonly Served[] = [
  ...([
    'anything',
    'aspnet',
    'astro',
    'cloudflare',
    'express',
    'gatsby',
    'java',
    'netlify',
    'next',
    'nuxt',
  ] as const),
  ...(['php', 'rails', 'react-router', 'sveltekit', 'vercel', 'wordpress', 'yii'] as const),
]

/** Those that need their name in the option `aliases`: their further paths alone could be any page's. */
export const named: ReadonlySet<Served> = new Set([
  'astro',
  'cloudflare',
  'netlify',
  'vercel',
  'wordpress',
  'yii',
])

/** All further paths of a page, such as `/admin`, that a server knows. Queries are part of some. */
export function aliasesOf(page: string, server: Served): string[] {
  const at = page === '/' ? '' : page
  const index = page === '/' ? '/index' : page
  const paths: Record<Served, readonly string[]> = {
    // Whatever the server: letters, a slash or dots or spaces at the end, the documents of a directory.
    anything: [
      ...(page === '/'
        ? []
        : [page.toUpperCase(), `${page}/`, `${page}.`, `${page}...`, `${page}%20`, `${page}%20.`]),
      ...[
        `${at}/index.html`,
        `${at}/index.htm`,
        `${at}/index.php`,
        `${at}/INDEX.HTML`,
        `${at}/default.aspx`,
      ],
      ...[
        `${index}.html`,
        `${index}.htm`,
        `${index}.txt`,
        `${index}.JSON`,
        `${index}.bak`,
        `${index}.php~`,
      ],
    ],
    // Microsoft's routing by convention, cookieless sessions (CVE-2023-36899), streams of NTFS.
    aspnet: [
      ...[
        `${at}/Index`,
        `${at}/Default`,
        `${index}.aspx`,
        `${index}.aspx/x`,
        `/(S(lit3py55t21z5v55vlm25s55))${page}`,
      ],
      ...[
        `/(A(x)S(y))${page}`,
        `/(S(x))/(S(y))${page}`,
        `${index}.aspx::$DATA`,
        `${index}::$INDEX_ALLOCATION`,
      ],
    ],
    astro: [`${index}.html`, `/_image?href=${encodeURIComponent(page)}&w=100`],
    cloudflare: [`${index}.html`, `/cdn-cgi/image/width=80,quality=75${page}`],
    express: [...(page === '/' ? [] : [`${page}/`, page.toUpperCase()]), `${at}/index.html`],
    // gatsby/packages/gatsby/cache-dir/loader.js: fetchPageDataJson
    gatsby: [
      `/page-data${index}/page-data.json`,
      ...(page === '/'
        ? []
        : [`/page-data${page}/page-data.json?v=1`, `/base/page-data${page}/page-data.json`]),
    ],
    // Servlet suffixes and PATH_INFO, Spring's content types, Struts' actions, the form login of a container.
    java: [
      ...[
        `${index}.html`,
        `${index}.do`,
        `${index}.action`,
        `${index}!edit.action`,
        `${index}.jsp`,
        `${index}.jsf`,
      ],
      ...[`${index}.xml`, `${index}.jsp/x`],
    ],
    netlify: [`${index}.html`, `/.netlify/images?url=${encodeURIComponent(page)}&w=100`],
    // next/dist/shared/lib/page-path, client/route-loader, export of segments.
    next: [
      ...[
        `/_next/data/development${index}.json`,
        `/_next/data/Gxn3kWm9-0${index}.json?a=1`,
        `/_NEXT/data/b${index}.json`,
      ],
      ...[
        `${index}.rsc`,
        `${index}.txt`,
        `${index}.prefetch.rsc`,
        `${index}.segments/_tree.segment.rsc`,
      ],
      ...[`${at}/__next._tree.txt`, `${at}/__next._full.txt`, `${at}/index.txt`, `${index}.html`],
      `/base/_next/data/b${index}.json`,
    ],
    nuxt: [
      `${at}/_payload.json`,
      `${at}/_payload.json?hash`,
      `${at}/_payload.js`,
      `${at}/index.html`,
    ],
    // A script and what stands behind its name, front controllers, MultiViews.
    php: [
      ...[
        `${index}.php`,
        `${index}.php/`,
        `${index}.php/x`,
        `${index}.php/x/y.css`,
        `${index}.php5`,
        `${index}.phtml`,
      ],
      ...[
        `/index.php${page}`,
        `/app_dev.php${page}`,
        `/INDEX.PHP${page}`,
        `/public/index.php${page}`,
        `${at}/index.php/x`,
      ],
      `${index}.php.en`,
    ],
    // Every Rails route ends in `(.:format)`.
    rails: [
      'json',
      'xml',
      'html',
      'js',
      'csv',
      'pdf',
      'rss',
      'x',
      'json.xml',
      'turbo_stream',
      'JSON',
    ].map((format) => `${index}.${format}`),
    // react-router/lib/dom/ssr/single-fetch.tsx: singleFetchUrl
    'react-router': [
      page === '/' ? '/_root.data' : `${page}.data`,
      `${at}/_.data`,
      `${at}/_root.data`,
    ],
    // @sveltejs/kit/src/runtime/pathname.js
    sveltekit: [
      `${at}/__data.json`,
      `${at}/__route.js`,
      ...(page === '/' ? [] : [`${page}.html__data.json`]),
    ],
    vercel: [`${index}.html`, `/_vercel/image?url=${encodeURIComponent(page)}&w=100`],
    wordpress: [
      `/index.php${page}`,
      ...(page.startsWith('/wp-json/')
        ? [`/?rest_route=${encodeURIComponent(page.slice('/wp-json'.length))}`]
        : []),
      ...(page === '/'
        ? []
        : [`${page}/feed`, `${page}/feed/rss2`, `${page}/embed`, `${page}/page/2`, `${page}/2`]),
      `/?pagename=${encodeURIComponent(page.slice(1))}`,
    ],
    yii: [`/index.php?r=${encodeURIComponent(page.slice(1))}`, `/index.php${page}`],
  }
  return [...new Set(paths[server])].filter((path) => path !== page)
}

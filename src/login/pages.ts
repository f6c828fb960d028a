/**
 * Creates the responses and HTML pages of a login, without script or external resources. `login.ts`
 * and the steps in `flow/` call it: `createAnswer` for every response, `createFailure` for error
 * pages, `createForwardPage` for the redirect to another site.
 *
 * Texts are escaped for HTML; paths and URLs are written as the caller gives them, so callers validate
 * them. No page shows a reason. Responses are never cached, and `login.ts` applies the page template
 * of the site to them. No function here throws.
 */
import type { PageContent } from '../page/template/pages.ts'
import { describePage } from '../page/template/site-pages.ts'
import type { OutgoingCookie } from '../types.ts'

const style =
  'body{max-width:34rem;margin:18vh auto 0;padding:0 1.5rem;font:1.0625rem/1.6 system-ui,sans-serif}' +
  'h1{font-size:1.75rem;line-height:1.2;margin:0 0 .75rem}p,ul{margin:0 0 1rem}ul{padding:0;list-style:none}' +
  'button{font:inherit;padding:.5rem 1rem}li{margin:.5rem 0;overflow-wrap:anywhere}'

/** `form-action` allows this site only, so the logout form leads to a page that then refreshes to the provider. */
const policy =
  "default-src 'none'; style-src 'sha256-ecOkDJawhsGuEPd7uZHBvZEZPWgKksurLUa7+66Tidg='; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

/** A page before it is HTML. */
export type LoginPage = PageContent

/** The parts of a response other than its page. */
export interface AnswerParts {
  readonly status: number
  readonly cookies?: readonly OutgoingCookie[]
  readonly location?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Creates a response of the login, which is never cached and sends no referrer. */
export function createAnswer(parts: AnswerParts, page?: LoginPage): Response {
  const { status, cookies = [], location, headers: extraHeaders = {} } = parts
  const headers = new Headers({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    ...(location !== undefined && { location }),
    ...(page !== undefined && {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'x-frame-options': 'DENY',
    }),
    ...extraHeaders,
  })
  for (const { header } of cookies) headers.append('set-cookie', header)
  const response = new Response(page === undefined ? null : createHtml(page), { status, headers })
  return page === undefined ? response : describePage(response, page)
}

/** Creates an error page, with a link to try again where `retryPath` is given. */
export function createFailure(parts: AnswerParts, retryPath?: string): Response {
  const isOutage = parts.status >= 500
  return createAnswer(parts, {
    title: isOutage ? 'Signing in is not possible at the moment' : 'Signing in did not work',
    text: isOutage ? 'Try again in a moment.' : 'Nothing was changed.',
    ...(retryPath !== undefined && { links: [{ href: retryPath, text: 'Sign in again' }] }),
  })
}

/** Creates a page that refreshes to another site, so that no `form-action` policy has to name that site. */
export function createForwardPage(title: string, url: string): LoginPage {
  return { title, refresh: url, links: [{ href: url, text: 'Continue' }] }
}

function createHtml({ title, text, links = [], button, refresh }: LoginPage): string {
  const items = links.map(
    ({ href, text }) => `<li><a href="${escapeHtml(href)}">${escapeHtml(text)}</a></li>`,
  )
  const meta =
    refresh === undefined
      ? ''
      : `<meta http-equiv="refresh" content="0;url=${escapeHtml(refresh)}">\n`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
${meta}<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${text === undefined ? '' : `<p>${escapeHtml(text)}</p>\n`}${items.length === 0 ? '' : `<ul>${items.join('')}</ul>\n`}${
  button === undefined
    ? ''
    : `<form method="post" action="${escapeHtml(button.action)}"><button>${escapeHtml(button.text)}</button></form>\n`
}</main>
</body>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/**
 * Creates the plain page that a rejected visitor sees: no script, nothing from elsewhere, one
 * style that its own policy allows by hash. `error-response.ts` and the templates call it. All
 * text is escaped.
 */
import type { StatusText } from './statuses.ts'

const style =
  'body{max-width:34rem;margin:18vh auto 0;padding:0 1.5rem;font:1.0625rem/1.6 system-ui,sans-serif}' +
  'h1{font-size:1.75rem;line-height:1.2;margin:0 0 .75rem}p{margin:0}small{display:block;margin-top:2rem;opacity:.7}' +
  'code{overflow-wrap:anywhere}'

/**
 * The page's own Content-Security-Policy: everything closed but the one style above, named by its SHA-256. The writer of
 * security headers leaves a policy alone that is there already.
 */
export const pagePolicy: string =
  "default-src 'none'; style-src 'sha256-rOHhyoLCVzMEGkfdlSeJTJ29D2pYGqAVOQXAka6u6gQ='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

/** The page for an answer, with the id under which the log knows the request. */
export function htmlPage(
  { status, title, words }: StatusText,
  requestId: string | undefined,
  signIn?: string,
): string {
  const id = requestId ? `<small>Request <code>${escapeHtml(requestId)}</code></small>\n` : ''
  const link = signIn ? `<p><a href="${escapeHtml(signIn)}">Sign in</a></p>\n` : ''
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${status} ${title}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${words}</p>
${link}${id}</main>
</body>
</html>
`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Escapes text for HTML and its attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (mark) => entities[mark] ?? '')
}

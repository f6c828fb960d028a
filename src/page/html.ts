/**
 * Creates the plain HTML page of a rejected or failed request: no script, no external resources,
 * and one style, which its own policy allows by hash. `errorResponse()` calls it where the site has
 * no pages of its own, and the templates use `escapeHtml`. It is pure and throws nothing. Variable
 * text is escaped; the status text is the library's own. If the style changes, the hash in the
 * policy must change with it, or browsers ignore the style.
 */
import type { StatusText } from './statuses.ts'

const style =
  'body{max-width:34rem;margin:18vh auto 0;padding:0 1.5rem;font:1.0625rem/1.6 system-ui,sans-serif}' +
  'h1{font-size:1.75rem;line-height:1.2;margin:0 0 .75rem}p{margin:0}small{display:block;margin-top:2rem;opacity:.7}' +
  'code{overflow-wrap:anywhere}'

/**
 * The page's own Content-Security-Policy, which allows only the style above, by its SHA-256. The
 * header writer keeps a policy that a response already has.
 */
export const pagePolicy: string =
  "default-src 'none'; style-src 'sha256-rOHhyoLCVzMEGkfdlSeJTJ29D2pYGqAVOQXAka6u6gQ='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

/**
 * Creates the page for a status, with the request's id, by which the operator finds it in the log.
 */
export function htmlPage(
  { status, title, words }: StatusText,
  requestId: string | undefined,
  signIn?: string,
): string {
  const idLine = requestId ? `<small>Request <code>${escapeHtml(requestId)}</code></small>\n` : ''
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
${link}${idLine}</main>
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

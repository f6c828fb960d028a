/**
 * Remembers which page template belongs to a request, so that every step that responds with a page
 * uses it. The gateway, `portcullis()`, the login and Vercel's middleware set it; `errorResponse()`
 * and the login's pages look it up. The requests are keys of a WeakMap, so nothing has to be
 * removed. A request without a template, or a copy of a request, gets the plain page. It throws
 * only where the application's own `render` does.
 */
import type { PageContent, PageTemplate } from './pages.ts'
import { readRetryAfter } from './wait.ts'

const templates = new WeakMap<object, PageTemplate>()
const contents = new WeakMap<Response, PageContent>()

/** Sets the template of all pages in responses to a request. */
export function setSitePages(request: object, template: PageTemplate): void {
  templates.set(request, template)
}

/** Returns the template of a request; undefined for plain pages. */
export function findSitePages(request: object): PageTemplate | undefined {
  return templates.get(request)
}

/** Remembers the content of a plain page, for {@link applySitePages}. Returns the response. */
export function describePage(response: Response, content: PageContent): Response {
  contents.set(response, content)
  return response
}

/**
 * Returns the response with the same page in the look of the site, if the request has a template.
 * Otherwise the response is returned unchanged.
 */
export function applySitePages(response: Response, request: Request): Response {
  const content = contents.get(response)
  const template = findSitePages(request)
  if (content === undefined || template === undefined) return response

  const { status, headers } = response
  const retryAfter = readRetryAfter([['retry-after', headers.get('retry-after') ?? '']])
  const page = template.renderContent({ status, content, retryAfter }, request.headers)
  const sitePage = new Response(request.method === 'HEAD' ? null : page.html, response)
  sitePage.headers.set('content-security-policy', page.policy)
  sitePage.headers.set('content-language', page.language)
  return sitePage
}

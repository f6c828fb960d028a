/**
 * Remembers the page template of a request, so that every step that answers a visitor uses it. The
 * gateway, `portcullis()` and the login set it, and `error-response.ts` finds it. A request
 * without a template gets the plain page.
 */
import type { PageContent, PageTemplate } from './pages.ts'
import { readRetryAfter } from './wait.ts'

const templates = new WeakMap<object, PageTemplate>()
const contents = new WeakMap<Response, PageContent>()

/** Uses this template for every page that a request is answered with. */
export function setSitePages(request: object, template: PageTemplate): void {
  templates.set(request, template)
}

/** Returns the template of a request; undefined for plain pages. */
export function findSitePages(request: object): PageTemplate | undefined {
  return templates.get(request)
}

/** Remembers what a plain page says, for {@link applySitePages}. Returns the response. */
export function describePage(response: Response, content: PageContent): Response {
  contents.set(response, content)
  return response
}

/** Returns the response with the same page in the look of the site, where the request has a template for it. */
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

/**
 * Describes in one sentence what a content security policy blocks on a page: which kind of content, and
 * from which source. `parts.ts` calls it for each source that browsers have reported. A directive that
 * it does not know gets a general sentence. The source is returned as it was reported, so the caller
 * must escape it.
 */

/** The content that is blocked, by the directive that a browser reports (CSP Level 3 section 6.1). */
const contentByDirective: Readonly<Record<string, string>> = {
  'script-src': 'scripts',
  'script-src-elem': 'scripts',
  'script-src-attr': 'event handlers in attributes, such as onclick',
  'style-src': 'styles',
  'style-src-elem': 'style sheets',
  'style-src-attr': 'styles in attributes',
  'img-src': 'images',
  'font-src': 'fonts',
  'media-src': 'audio and video',
  'connect-src': 'requests of scripts (fetch, EventSource, WebSocket)',
  'frame-src': 'frames',
  'child-src': 'frames and workers',
  'worker-src': 'workers',
  'object-src': 'plugins',
  'manifest-src': 'the manifest',
  'form-action': 'forms that are sent',
  'frame-ancestors': 'this site in frames of other pages',
  'base-uri': 'the base element',
  'require-trusted-types-for': 'scripts that write HTML from text',
  'trusted-types': 'scripts that create their own Trusted Types policy',
}

/** Descriptions of sources that are no addresses. */
const sourceDescriptions: Readonly<Record<string, string>> = {
  inline: 'that are in the page itself',
  eval: 'made from text with eval',
  'wasm-eval': 'of WebAssembly',
  self: 'of this site',
  'trusted-types-policy': 'in the page',
  'trusted-types-sink': 'in the page',
}

/** Describes what the policy blocks, or would block if it were enforced. */
export function describeBreakage(directive: string, source: string, enforced: boolean): string {
  const content = contentByDirective[directive] ?? `content that ${directive} controls`
  const origin = sourceDescriptions[source] ?? `from ${source}`
  return enforced ? `Blocked now: ${content} ${origin}.` : `Would be blocked: ${content} ${origin}.`
}

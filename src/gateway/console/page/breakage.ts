/**
 * Describes what a policy takes from a page: what a browser does not do where the policy blocks a
 * source. `parts.ts` calls it for each report. A directive that it does not know gets a general
 * sentence.
 */

/** The loss, by the directive that a browser reports (CSP Level 3 section 6.1). */
const losses: Readonly<Record<string, string>> = {
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

/** The words for a source that is no address. */
const words: Readonly<Record<string, string>> = {
  inline: 'that are in the page itself',
  eval: 'made from text with eval',
  'wasm-eval': 'of WebAssembly',
  self: 'of this site',
  'trusted-types-policy': 'in the page',
  'trusted-types-sink': 'in the page',
}

/** One sentence about one source. */
export function describeBreakage(directive: string, source: string, enforced: boolean): string {
  const lost = losses[directive] ?? `what ${directive} governs`
  const from = words[source] ?? `from ${source}`
  return enforced ? `Blocked now: ${lost} ${from}.` : `Would be blocked: ${lost} ${from}.`
}

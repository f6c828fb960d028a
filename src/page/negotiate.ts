/**
 * Decides whether a response should be a page for people or problem+json for programs.
 * `error-response.ts` calls it. A request that does not say gets problem+json.
 */

/** Destinations that show a response as a page (Fetch, "request destination"). */
const shownDestinations: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'document',
  'iframe',
  'frame',
  'fencedframe',
  'embed',
  'object',
])

// Browsers send about 150 characters; what is longer is not worth our time.
const maxLength = 1024
const maxRanges = 32

/**
 * Whether an answer should be HTML. `Sec-Fetch-Dest` decides where it names a page; else `Accept` must prefer
 * text/html to JSON (RFC 9110 section 12.5.1). No header, equal weights and nonsense all mean JSON.
 */
export function wantsHtml(headers: Headers): boolean {
  const destination = headers.get('sec-fetch-dest')
  if (destination !== null && shownDestinations.has(destination)) return true

  const accept = headers.get('accept')
  return accept !== null && accept.length <= maxLength && prefersHtml(accept.toLowerCase())
}

function prefersHtml(accept: string): boolean {
  const [html, json] = [new BestRange(), new BestRange()]
  const ranges = accept.split(',', maxRanges)

  for (const range of ranges) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    const weight = parseWeight(parameters)

    if (type === 'text/html' || type === 'application/xhtml+xml') html.take(3, weight)
    else if (type === 'text/*') html.take(2, weight)
    else if (type === 'application/json' || type === 'application/problem+json')
      json.take(3, weight)
    else if (type === 'application/*') json.take(2, weight)
    else if (type === '*/*') {
      html.take(1, weight)
      json.take(1, weight)
    }
  }

  return html.weight > json.weight
}

/** The weight of the most specific range seen so far, the greatest among equals. */
class BestRange {
  weight = 0
  #precision = 0

  take(precision: number, weight: number): void {
    if (precision < this.#precision) return
    if (precision > this.#precision || weight > this.weight) this.weight = weight
    this.#precision = precision
  }
}

/** `q`, from 0 to 1; a weight that is none counts as 0, so that nonsense prefers nothing. */
function parseWeight(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    if (!parameter.startsWith('q=')) continue
    const weight = Number(parameter.slice(2, 7))
    return weight >= 0 && weight <= 1 ? weight : 0
  }

  return 1
}

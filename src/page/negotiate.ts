/**
 * Decides by a request's headers whether its error response is an HTML page for people or
 * problem+json for programs. `errorResponse()` calls it. It is pure and throws nothing. A request
 * without a preference gets problem+json, and so does one with an Accept header over 1,024
 * characters; media ranges after the 32nd are ignored.
 */

/**
 * The values of Sec-Fetch-Dest of requests whose response is shown as a page (Fetch, "request
 * destination").
 */
const shownDestinations: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'document',
  'iframe',
  'frame',
  'fencedframe',
  'embed',
  'object',
])

// Browsers send about 150 characters. A much longer header is not parsed.
const maxLength = 1024
const maxRanges = 32

/**
 * Reports whether the response should be HTML. `Sec-Fetch-Dest` decides where it names a page;
 * otherwise `Accept` must prefer text/html to JSON (RFC 9110 section 12.5.1). A missing or
 * malformed header, and equal weights, mean JSON.
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

    if (type === 'text/html' || type === 'application/xhtml+xml') html.add(3, weight)
    else if (type === 'text/*') html.add(2, weight)
    else if (type === 'application/json' || type === 'application/problem+json') json.add(3, weight)
    else if (type === 'application/*') json.add(2, weight)
    else if (type === '*/*') {
      html.add(1, weight)
      json.add(1, weight)
    }
  }

  return html.weight > json.weight
}

/**
 * The weight of the most specific media range so far, and the greatest among equally specific ones.
 */
class BestRange {
  weight = 0
  #precision = 0

  add(precision: number, weight: number): void {
    if (precision < this.#precision) return
    if (precision > this.#precision || weight > this.weight) this.weight = weight
    this.#precision = precision
  }
}

/**
 * Parses the weight `q`, from 0 to 1. An invalid weight counts as 0, so that it prefers nothing.
 */
function parseWeight(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    if (!parameter.startsWith('q=')) continue
    const weight = Number(parameter.slice(2, 7))
    return weight >= 0 && weight <= 1 ? weight : 0
  }

  return 1
}

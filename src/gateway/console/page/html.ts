/**
 * Creates HTML from a template tag that escapes its values, except values that are HTML already. The
 * console's page, parts and charts use it. `trustedHtml` escapes nothing, so it must only get constants
 * of this package. Values are escaped for text and for quoted attributes, not for scripts or URLs.
 */

/** A piece of HTML. */
export interface Html {
  readonly html: string
}

type HtmlValue = Html | string | number | undefined | false | readonly Html[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** The template tag. A value that is undefined or false becomes the empty text. */
export function html(texts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let result = texts[0] ?? ''
  for (const [index, value] of values.entries()) result += write(value) + (texts[index + 1] ?? '')
  return { html: result }
}

/** Marks a constant of this package, such as its style sheet, as HTML. Nothing is escaped. */
export function trustedHtml(text: string): Html {
  return { html: text }
}

function write(value: HtmlValue): string {
  if (value === undefined || value === false) return ''
  if (typeof value === 'string') return escapeHtml(value)
  if (typeof value === 'number') return `${value}`
  if ('html' in value) return value.html
  return value.map((part) => part.html).join('')
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (mark) => entities[mark] ?? '')
}

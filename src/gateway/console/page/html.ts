/**
 * Writes HTML by a template tag whose values are escaped unless they are HTML themselves. The
 * console's page, parts and charts use it. Only `trustedHtml` escapes nothing, so it may be given
 * text of this package only.
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

/** The tag of a template. A value that is undefined or false leaves nothing. */
export function html(texts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let written = texts[0] ?? ''
  for (const [index, value] of values.entries()) written += write(value) + (texts[index + 1] ?? '')
  return { html: written }
}

/** HTML of this file's own making, such as a style sheet. */
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

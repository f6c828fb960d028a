/** HTML by a tagged template that escapes everything it did not make itself. */

/** Markup that is safe to send. */
export interface Html {
  readonly html: string
}

type Part = string | number | Html | readonly Html[] | undefined

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** html`<p>${text}</p>`: text is escaped, markup made by this function is not. */
export function html(literals: TemplateStringsArray, ...parts: Part[]): Html {
  return {
    html: literals
      .map((literal, i) => literal + (i < parts.length ? markup(parts[i]) : ''))
      .join(''),
  }
}

function markup(part: Part): string {
  if (part === undefined) return ''
  if (typeof part === 'string')
    return part.replace(/[&<>"']/g, (character) => entities[character] ?? '')
  if (typeof part === 'number') return String(part)
  return 'html' in part ? part.html : part.map((each) => each.html).join('')
}

/**
 * Lists the people who can sign in at the development provider, and creates its HTML pages: the
 * page on which a tester chooses a person, and the page that posts the result back. `devProvider()`
 * calls it. It throws nothing; all names and parameters are escaped. `body` of `createPage` is HTML
 * that the caller must have escaped.
 */

/** A person at the development provider: `sub` and any claims. */
export interface DevPerson {
  /** The identifier of the person. */
  readonly sub: string
  /** Any other claim, such as `name`, `email`, `email_verified` or `groups`. */
  readonly [claim: string]: unknown
}

/** The default of the option `people`. */
export const usualPeople: readonly DevPerson[] = [
  {
    sub: 'alice',
    name: 'Alice',
    email: 'alice@example.test',
    email_verified: true,
    groups: ['admins', 'staff'],
  },
  {
    sub: 'bob',
    name: 'Bob',
    email: 'bob@example.test',
    email_verified: true,
    groups: ['staff'],
  },
  { sub: 'carol', name: 'Carol, without an e-mail', groups: [] },
]

const style = `:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:30rem;margin:10vh auto;padding:0 1rem}
button{font:inherit;display:block;width:100%;margin:.5rem 0;padding:.75rem 1rem;text-align:left}small{opacity:.7}`

/**
 * Creates the page on which a tester chooses a person. The form sends all parameters of the
 * authorization request again.
 */
export function createChoicePage(
  people: readonly DevPerson[],
  parameters: URLSearchParams,
): Response {
  const fields = [...parameters].map(
    ([name, value]) =>
      `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  )
  const buttons = people.map((person) => {
    const groups = Array.isArray(person.groups) ? person.groups.join(', ') : ''
    const label = escapeHtml(`${person.name ?? person.sub}`)
    return `<button name="person" value="${escapeHtml(person.sub)}">${label} <small>${escapeHtml(groups)}</small></button>`
  })
  return createPage(
    'Who are you?',
    `<p>This is the development provider. It asks for no password.</p>
<form method="post" action="/auth">${fields.join('')}
${buttons.join('\n')}
<button name="deny" value="1">Cancel</button></form>`,
  )
}

/**
 * Creates a page that posts its parameters immediately, as providers do with
 * `response_mode=form_post`.
 */
export function createPostPage(
  action: string,
  parameters: Readonly<Record<string, string>>,
): Response {
  const fields = Object.entries(parameters).map(
    ([name, value]) =>
      `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  )
  return createPage(
    'One moment',
    `<form method="post" action="${escapeHtml(action)}">${fields.join('')}<button>Go on</button></form>
<script>document.forms[0].submit()</script>`,
  )
}

/** Creates a page of the provider. `body` is HTML. */
export function createPage(title: string, body: string, status = 200): Response {
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${style}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>
${body}
</main></body></html>
`
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }
  return new Response(html, { status, headers })
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

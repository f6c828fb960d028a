/**
 * Creates the error and login pages of a site in its look and its users' languages. Applications call `pages()` and
 * pass the result as `pages` to a gateway, `portcullis()`, the login or `errorPage()`. Wrong options throw a
 * `ConfigError`. All texts are escaped, except in `render`.
 */
import { ConfigError } from '../../errors.ts'
import { escapeHtml } from '../html.ts'
import type { StatusText } from '../statuses.ts'
import { negotiateLanguage, type PageLanguage } from './languages.ts'
import { formatWait } from './wait.ts'

/** The colours of one scheme, each `#rgb` or `#rrggbb`. */
export interface PageColours {
  /** The colour behind the text. */
  readonly background?: string
  /** The colour of the text. */
  readonly text?: string
  /** The colour of links and of the line at the top. */
  readonly accent?: string
}

/** A link at the foot of each page. */
export interface PageLink {
  /** The text of the link. */
  readonly text: string
  /** A path of this site, an https URL, or a mailto URL. */
  readonly href: string
}

/** The argument of the option `render`. */
export interface PageDetails {
  /** Status of the response. */
  readonly status: number
  /** The heading, in the user's language. */
  readonly title: string
  /** One sentence on what to do, in the user's language. */
  readonly words: string
  /** Language tag of title and words, such as `de`. */
  readonly language: string
  /** The request's id, which is also in the log. */
  readonly requestId: string | undefined
  /** The seconds to wait, if they are known. */
  readonly retryAfter: number | undefined
  /** The path of the login page, where signing in helps. */
  readonly signIn: string | undefined
  /** Allows a style or script of the page: `<style nonce="...">`. */
  readonly nonce: string
}

/** Options of {@link pages}. */
export interface PagesOptions {
  /** Name of the site. */
  readonly name?: string
  /** Path of an image on this site. Its route must be public. */
  readonly logo?: string
  /** The colours of the light and the dark scheme. Check their contrast. */
  readonly colours?: { readonly light?: PageColours; readonly dark?: PageColours }
  /** Languages in addition to English: `[german, french, spanish, japanese]`, or your own. */
  readonly languages?: readonly PageLanguage[]
  /** Links at the foot of each page, such as a status page and a contact. */
  readonly links?: readonly PageLink[]
  /** Returns the HTML of a whole error page. It must escape the details that it uses. */
  readonly render?: (details: PageDetails) => string
}

/** A page that is not an error: a choice, a button, or a redirect. Its texts are English. */
export interface PageContent {
  /** The heading, which is the title of the document, too. */
  readonly title: string
  /** A paragraph below the heading. */
  readonly text?: string
  /** Links below the text, one for each choice. */
  readonly links?: readonly PageLink[]
  /** A button that posts to this path. */
  readonly button?: { readonly action: string; readonly text: string }
  /** The URL to which the browser goes by itself; `''` reloads the same URL. */
  readonly refresh?: string
}

/** A page, and the headers that belong to it. */
export interface RenderedPage {
  /** The document. */
  readonly html: string
  /** Language tag of the document. */
  readonly language: string
  /** Content security policy that the document needs. */
  readonly policy: string
}

/** The result of `pages`, for the option `pages` of a gateway and of `errorPage`. */
export interface PageTemplate {
  /** Renders the page of a status for a client. */
  render(
    text: StatusText,
    request: {
      readonly headers: Headers
      readonly requestId: string | undefined
      readonly signIn: string | undefined
    },
    retryAfter: number | undefined,
  ): RenderedPage
  /** Renders a page with links or a button. The option `render` is not used for it. */
  renderContent(
    page: {
      readonly status: number
      readonly content: PageContent
      readonly retryAfter: number | undefined
    },
    headers: Headers,
  ): RenderedPage
}

type PageWords = Pick<PageLanguage, 'request' | 'signIn'>

const english: PageWords = { request: 'Request', signIn: 'Sign in' }

const defaultColours = {
  light: { background: '#ffffff', text: '#14181e', accent: '#0b6b66' },
  dark: { background: '#0e1216', text: '#e8ebef', accent: '#5fd0c8' },
}

/**
 * Creates the option `pages` of a gateway and of `errorPage`.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 * @see docs/pages.md
 * @example
 * createGateway({ ..., pages: pages({ name: 'Shop', logo: '/logo.svg', languages: [german] }) })
 */
export function pages(options: PagesOptions): PageTemplate {
  const input: PagesOptions = Object(options)
  const issues = findIssues(input)
  if (issues.length > 0) throw new ConfigError(issues)

  const { name = '', logo, languages = [], links = [], render } = input
  const style = createStyle(input.colours ?? {})
  const head = logo === undefined ? '' : `<img src="${escapeHtml(logo)}" alt="" height="40">`
  const brand = head + name === '' ? '' : `<p class="brand">${head}${escapeHtml(name)}</p>\n`
  const foot = links.map(
    ({ text, href }) => `<a href="${escapeHtml(href)}">${escapeHtml(text)}</a>`,
  )

  function renderDocument(document: PageDocument): string {
    const { status, title, language, nonce, head: meta = '', content } = document
    const nav = foot.length === 0 ? '' : `<footer>${foot.join(' ')}</footer>\n`
    const number = status < 400 ? '' : `${status} `
    return `<!doctype html>
<html lang="${escapeHtml(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
${meta}<title>${number}${escapeHtml(title)}${name === '' ? '' : ` – ${escapeHtml(name)}`}</title>
<style nonce="${nonce}">${style}</style>
</head>
<body>
<main>
${brand}<h1>${escapeHtml(title)}</h1>
${content}</main>
${nav}</body>
</html>
`
  }

  return {
    render(text, { headers, requestId, signIn }, retryAfter): RenderedPage {
      const language = negotiateLanguage(headers.get('accept-language'), languages)
      const nonce = createPageNonce()
      const details: PageDetails = {
        ...translate(text, language, retryAfter),
        ...{ requestId, retryAfter, nonce, signIn, status: text.status },
        language: language?.tag ?? 'en',
      }
      const content = renderError(details, language ?? english)
      return {
        html: render?.(details) ?? renderDocument({ ...details, content }),
        language: details.language,
        policy: createTemplatePolicy(nonce),
      }
    },

    renderContent({ status, content, retryAfter }, headers): RenderedPage {
      const language = negotiateLanguage(headers.get('accept-language'), languages)
      const nonce = createPageNonce()
      const tag = language?.tag ?? 'en'
      const localize = (text: string): string => language?.phrases?.[text] ?? text
      return {
        html: renderDocument({
          ...{ status, nonce, language: tag, title: localize(content.title) },
          ...renderParts(content, { localize, wait: formatRetry(language, retryAfter) }),
        }),
        language: tag,
        policy: createTemplatePolicy(nonce),
      }
    },
  }
}

/** The values that the document around a page needs. */
interface PageDocument {
  readonly status: number
  readonly title: string
  readonly language: string
  readonly nonce: string
  /** HTML for the head. */
  readonly head?: string
  /** HTML after the heading. */
  readonly content: string
}

function renderError(
  { words, signIn, requestId }: PageDetails,
  { request, signIn: signInWord }: PageWords,
): string {
  const link =
    signIn === undefined
      ? ''
      : `<p><a href="${escapeHtml(signIn)}">${escapeHtml(signInWord)}</a></p>\n`
  const id =
    requestId === undefined
      ? ''
      : `<p class="id">${escapeHtml(request)} <code>${escapeHtml(requestId)}</code></p>\n`
  return `<p>${escapeHtml(words)}</p>\n${link}${id}`
}

function renderParts(
  { text, links = [], button, refresh }: PageContent,
  { localize, wait }: { localize: (text: string) => string; wait: string | undefined },
): Pick<PageDocument, 'head' | 'content'> {
  const words = wait ?? (text === undefined ? undefined : localize(text))
  const items = links.map(
    ({ href, text: label }) =>
      `<li><a class="choice" href="${escapeHtml(href)}">${escapeHtml(localize(label))}</a></li>`,
  )
  const parts = [
    words === undefined ? '' : `<p>${escapeHtml(words)}</p>\n`,
    items.length === 0 ? '' : `<ul>${items.join('')}</ul>\n`,
    button === undefined
      ? ''
      : `<form method="post" action="${escapeHtml(button.action)}"><button>${escapeHtml(localize(button.text))}</button></form>\n`,
  ]
  const target = refresh ? `;url=${escapeHtml(refresh)}` : ''
  return {
    content: parts.join(''),
    ...(refresh !== undefined && {
      head: `<meta http-equiv="refresh" content="0${target}">\n`,
    }),
  }
}

/** Returns a sentence with the time to wait; undefined where it is unknown. */
function formatRetry(
  language: PageLanguage | undefined,
  retryAfter: number | undefined,
): string | undefined {
  if (retryAfter === undefined) return undefined
  const time = formatWait(retryAfter, language?.tag ?? 'en')
  return language?.retry(time) ?? `Try again in ${time}.`
}

/** It begins like the policy of the plain page, by which the header writer recognizes the library's pages. */
function createTemplatePolicy(nonce: string): string {
  const nonceText = `'nonce-${nonce}'`
  return `default-src 'none'; style-src ${nonceText}; script-src ${nonceText}; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'`
}

function translate(
  text: StatusText,
  language: PageLanguage | undefined,
  retryAfter: number | undefined,
): { title: string; words: string } {
  if (language === undefined) return { title: text.title, words: text.words }
  const { texts, retry, tag } = language
  const [title = text.title, words = text.words] =
    texts[text.status] ?? texts[text.status < 500 ? 400 : 500] ?? []
  return { title, words: retryAfter === undefined ? words : retry(formatWait(retryAfter, tag)) }
}

function createStyle({ light, dark }: NonNullable<PagesOptions['colours']>): string {
  const declare = (colours: Required<PageColours>): string =>
    `:root{--b:${colours.background};--t:${colours.text};--a:${colours.accent}}`
  return (
    declare({ ...defaultColours.light, ...light }) +
    `@media(prefers-color-scheme:dark){${declare({ ...defaultColours.dark, ...dark })}}` +
    'body{margin:0;background:var(--b);color:var(--t);border-top:6px solid var(--a);font:1.0625rem/1.6 system-ui,sans-serif;overflow-wrap:anywhere}' +
    'main,footer{max-width:34rem;margin:0 auto;padding:0 1.5rem}main{padding-top:14vh}a{color:var(--a);margin-right:1rem}footer{margin-top:2rem}' +
    'ul{list-style:none;padding:0}li{margin:.75rem 0}.choice{display:block;margin:0;padding:.75rem 1rem;border:1px solid currentcolor;border-radius:.5rem;text-decoration:none;font-weight:600}' +
    'button{font:inherit;font-weight:600;padding:.75rem 1.5rem;border:0;border-radius:.5rem;background:var(--a);color:var(--b)}' +
    '.brand{display:flex;gap:.75rem;align-items:center;font-weight:600}h1{font-size:1.75rem;line-height:1.2;margin:0 0 .75rem}.id{font-size:.9rem;margin-top:2rem}'
  )
}

function createPageNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(18))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

const keys = ['name', 'logo', 'colours', 'languages', 'links', 'render']

/** Lists the problems of all options. */
function findIssues(options: PagesOptions): Array<{ option: string; problem: string }> {
  const issues: Array<{ option: string; problem: string }> = []
  const expect = (isValid: boolean, optionName: string, problem: string): void => {
    if (!isValid) issues.push({ option: `pages.${optionName}`, problem })
  }
  for (const key of Object.keys(options))
    expect(keys.includes(key), key, `is not an option; the options are ${keys.join(', ')}`)

  const { name, logo, colours, languages, links, render } = options
  expect(name === undefined || typeof name === 'string', 'name', 'must be a string')
  const isLogo = logo === undefined || /^\/(?!\/)/.test(String(logo))
  expect(isLogo, 'logo', 'must be a path of this site, such as /logo.svg')
  expect(render === undefined || typeof render === 'function', 'render', 'must be a function')
  expect(
    isUniformList(languages, isLanguage),
    'languages',
    'must be a list of languages, such as [german, french]',
  )
  const linkProblem = 'must be a list of { text, href }; href is a path, an https or a mailto URL'
  expect(isUniformList(links, isLink), 'links', linkProblem)
  for (const [scheme, set] of Object.entries(colours ?? {})) {
    const isScheme = scheme === 'light' || scheme === 'dark'
    expect(isScheme, `colours.${scheme}`, 'is not an option; the options are light and dark')
    for (const [colour, value] of Object.entries(set ?? {})) {
      const isColour = /^#(?:[\da-f]{3}|[\da-f]{6})$/i.test(String(value))
      expect(isColour, `colours.${scheme}.${colour}`, 'must be a colour such as #0b6b66')
    }
  }
  return issues
}

function isUniformList(
  optionValue: unknown,
  isItem: (item: Record<string, unknown>) => boolean,
): boolean {
  return (
    optionValue === undefined ||
    (Array.isArray(optionValue) && optionValue.every((item) => isItem(Object(item))))
  )
}

function isLanguage({ tag, retry, texts }: Record<string, unknown>): boolean {
  return typeof tag === 'string' && typeof retry === 'function' && typeof texts === 'object'
}

function isLink({ text, href }: Record<string, unknown>): boolean {
  return typeof text === 'string' && /^(?:https:\/\/|mailto:|\/(?!\/))/.test(String(href))
}

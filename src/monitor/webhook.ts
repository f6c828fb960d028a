/**
 * Posts JSON to a webhook: only over https, signed if there is a key, and with a time limit. The
 * uptime check posts its notices with it, and the audit trail's `webhookSink()` its records. A
 * response other than 2xx rejects with an `Error` whose message is `http-<status>`; a timeout or
 * network error rejects as `fetch` does. Redirects are not followed and count as such a response.
 * Nothing is repeated here; the caller decides.
 */
import type { Issues } from '../options/index.ts'
import { withTimeout } from './timeout.ts'

/** A change in the state of a probed service. */
export interface StateChange {
  /** The kind of the service. */
  readonly kind: 'upstream' | 'store'
  /** The name of the upstream; `store` for the store. */
  readonly name: string
  /** The new state. */
  readonly state: 'down' | 'up'
  /** The reason of a failure: `timeout`, `unreachable`, `http-503`, or the code of an error. */
  readonly reason?: string
  /** When the change was first observed, ISO 8601. */
  readonly since: string
}

/** The body of a notice. */
export interface Notice {
  /** Always `uptime`. */
  readonly event: 'uptime'
  /** The changes as a sentence, for chat services that show the member `text`. */
  readonly text: string
  /** The public origin of the gateway. */
  readonly service: string
  /** When the changes were noticed: ISO 8601, UTC. */
  readonly time: string
  /** The services that went down or came back. */
  readonly changes: readonly StateChange[]
}

/** Parses the URL of a webhook. Treat it as a secret, because everybody who knows it can post. */
export function parseWebhookUrl(urlOption: string, issues: Issues): string {
  const webhookUrl =
    typeof urlOption === 'string' && URL.canParse(urlOption) ? new URL(urlOption) : undefined
  if (
    webhookUrl?.protocol !== 'https:' ||
    webhookUrl.username !== '' ||
    webhookUrl.password !== ''
  ) {
    issues.add('', 'must be an https URL without user name and password')
    return ''
  }

  return webhookUrl.href
}

/** Validates the key of the signature. */
export function parseWebhookKey(keyOption: string, issues: Issues): string {
  if (typeof keyOption === 'string' && keyOption.length >= 32 && keyOption.length <= 1024)
    return keyOption

  issues.add('', 'must be 32 to 1,024 characters')
  return ''
}

/**
 * Posts a notice, without following redirects.
 *
 * @throws {Error} whose message is `http-<status>`, or what fetch and the timer throw
 */
export function postNotice(
  notice: Notice,
  postTarget: SignedPostTarget,
  send: typeof fetch,
): Promise<void> {
  return postSigned(JSON.stringify(notice), postTarget, send)
}

/** The receiver of a signed post. */
export interface SignedPostTarget {
  readonly url: string
  /** The key that signs the body; undefined for no signature. */
  readonly key: string | undefined
  readonly timeoutMs: number
  /** Milliseconds since the epoch, for the signature. */
  readonly now: number
}

/**
 * Posts a JSON body, without following redirects. `Portcullis-Signature: t=<seconds>,v1=<hex>` is
 * HMAC-SHA-256 of `<seconds>.<body>`.
 *
 * @throws {Error} whose message is `http-<status>`, or what fetch and the timer throw
 */
export async function postSigned(
  body: string,
  postTarget: SignedPostTarget,
  send: typeof fetch,
): Promise<void> {
  const headers: Record<string, string> = { 'content-type': 'application/json' }

  if (postTarget.key !== undefined) {
    const timestamp = Math.floor(postTarget.now / 1000)
    headers['portcullis-signature'] =
      `t=${timestamp},v1=${await signText(postTarget.key, `${timestamp}.${body}`)}`
  }

  const response = await withTimeout(postTarget.timeoutMs, (signal) =>
    send(postTarget.url, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      cache: 'no-store',
      signal,
    }),
  )

  response.body?.cancel().catch(() => {})
  if (!response.ok) throw new Error(`http-${response.status}`)
}

async function signText(key: string, signedText: string): Promise<string> {
  const utf8Encoder = new TextEncoder()
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const signingKey = await crypto.subtle.importKey(
    'raw',
    utf8Encoder.encode(key),
    algorithm,
    false,
    ['sign'],
  )

  const signatureBytes = new Uint8Array(
    await crypto.subtle.sign('HMAC', signingKey, utf8Encoder.encode(signedText)),
  )

  return Array.from(signatureBytes, (signatureByte) =>
    signatureByte.toString(16).padStart(2, '0'),
  ).join('')
}

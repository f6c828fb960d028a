/** What the Worker's own requests reach in these tests: an origin that logs in whoever asks, and says what it was told. */

/** Secrets of the tests; not those of `.dev.vars`. */
export const sessionSecret = 'Zq7pVx2nLr9tYw4cKm6bHs1dGf3jTa8e'

/** Answers a request of the gateway. */
export function upstream(request: Request): Response {
  const { pathname } = new URL(request.url)
  const nonce = request.headers.get('portcullis-session-nonce')
  const answer = (verbs: object): Response =>
    Response.json(
      { url: request.url, headers: Object.fromEntries(request.headers) },
      {
        headers: {
          'portcullis-session': `${nonce}.${Buffer.from(JSON.stringify(verbs)).toString('base64url')}`,
        },
      },
    )
  if (pathname === '/login')
    return answer({ start: { data: { user: 'alice', name: 'Alice', roles: ['admin'] } } })
  if (pathname === '/logout') return answer({ end: true })
  return answer({ incr: { visits: 1 } })
}

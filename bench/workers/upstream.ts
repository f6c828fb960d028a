/** What stands behind the gateways: a kilobyte of JSON, and a login in the session protocol. */
const body = JSON.stringify({ text: 'a kilobyte of JSON, as an API would answer it. '.repeat(21) })

export default {
  fetch(request: Request): Response {
    const { pathname } = new URL(request.url)
    const headers = { 'content-type': 'application/json', 'content-length': String(body.length) }
    if (pathname === '/told') {
      return Response.json({
        assertion: request.headers.get('portcullis-assertion'),
        cookie: request.headers.get('cookie'),
      })
    }
    if (pathname === '/throttled') {
      return new Response('in', { headers: { 'set-cookie': 'sid=1; HttpOnly' } })
    }
    if (pathname !== '/login') return new Response(body, { headers })
    const nonce = request.headers.get('portcullis-session-nonce')
    const order = new TextEncoder().encode(
      JSON.stringify({ start: { data: { user: 'alice', n: 1, pad: 'x'.repeat(50) } } }),
    )
    const text = order.toBase64({ alphabet: 'base64url', omitPadding: true })
    return new Response('in', { headers: { 'portcullis-session': `${nonce}.${text}` } })
  },
}

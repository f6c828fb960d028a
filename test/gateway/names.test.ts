import { expect, it } from 'vitest'
import {
  connectionOptions,
  isStrippedRequestHeader,
  isStrippedResponseHeader,
} from '../../src/proxy/header-filters.ts'
import { createUpstreamHeaders } from '../../src/proxy/request-headers.ts'

it.each([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
  'host',
  'proxy-connection',
  'proxy-authenticate',
  'forwarded',
  // lighttpd makes HTTP_X_REMOTE_USER of each.
  'x_remote_user',
  'x.remote.user',
  'x~remote~user',
])('%s does not reach an upstream', (name) => {
  expect(isStrippedRequestHeader(name)).toBe(true)
})

it.each([
  'accept',
  'accept-encoding',
  'authorization',
  'content-type',
  'content-length',
  'cookie',
  'if-none-match',
  'range',
  'origin',
  'referer',
  'sec-fetch-site',
  'sec-websocket-protocol',
  'user-agent',
  'x-csrf-token',
  'x-requested-with',
  'x-api-key',
  'cache-control',
  'via',
  'cdn-loop',
])('%s does', (name) => {
  expect(isStrippedRequestHeader(name)).toBe(false)
})

it.each([
  ['connection', true],
  ['transfer-encoding', true],
  ['proxy-authenticate', true],
  ['portcullis-session', true],
  ['portcullis_session', true],
  ['server-timing', true],
  ['portcullis-anything', true],
  ['content-encoding', false],
  ['sec-websocket-protocol', false],
  ['x-request-id', false],
])('%s stops on the way back: %s', (name, stops) => {
  expect(isStrippedResponseHeader(name)).toBe(stops)
})

it('reads the names a Connection header lists', () => {
  expect(connectionOptions(null)).toBe(undefined)
  expect([...(connectionOptions('close, X-Internal ,x-b') ?? [])]).toEqual([
    'close',
    'x-internal',
    'x-b',
  ])
})

// Connection: X-Forwarded-For, Portcullis-Assertion: a client that has the gateway's own words removed.
it('cannot be used to take away what the gateway says', () => {
  const client = new Headers({ 'x-internal': '1', 'x-kept': '1' })
  // Not every runtime lets a test set it on a Request.
  const get = client.get.bind(client)
  Object.defineProperty(client, 'get', {
    value: (name: string) =>
      name === 'connection'
        ? 'X-Internal, X-Forwarded-For, Portcullis-Assertion, Portcullis-Sessions, X-Request-Id'
        : get(name),
  })
  const headers = createUpstreamHeaders(client, {
    requestId: 'id',
    address: '203.0.113.9',
    host: 'app.example.com',
    https: true,
    cookieNames: new Set(),
    hops: 1,
    hasBody: false,
    upgrade: false,
    nonce: 'nonce',
    assertion: 'jwt',
    sessions: 'list',
  })
  expect(Object.fromEntries(headers)).toEqual({
    forwarded: 'for=203.0.113.9;host="app.example.com";proto=https',
    'portcullis-assertion': 'jwt',
    'portcullis-hops': '1',
    'portcullis-session-nonce': 'nonce',
    'portcullis-sessions': 'list',
    'x-forwarded-for': '203.0.113.9',
    'x-forwarded-host': 'app.example.com',
    'x-forwarded-proto': 'https',
    'x-kept': '1',
    'x-request-id': 'id',
  })
})

/** The table: what a client sends and what an upstream answers, in bytes. */
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'

export interface FidelityCase {
  readonly name: string
  readonly method?: string
  /** Behind `/<number of the case>`. */
  readonly search?: string
  readonly headers?: readonly string[]
  /** With its framing in `headers`. As Latin-1. */
  readonly body?: string
  /** What the upstream answers, as Latin-1. Default a short text. */
  readonly answer?: string
  /** Whether the upstream ends its connection behind the answer. */
  readonly ends?: true
  /**
   * Whether a runtime may leave bytes of the answer unread, so that whatever is sent next on the connection fails: it is
   * ended, and nothing else is sent meanwhile.
   */
  readonly leaves?: true
  /** Bytes that follow a 101, and come back. */
  readonly echo?: string
}

const text = 'packed '.repeat(200)
const latin1 = (bytes: Buffer): string => bytes.toString('latin1')
const ok = (fields: readonly string[], body = 'ok', line = '200 OK'): string =>
  `HTTP/1.1 ${line}\r\n${[...fields, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`

const codings: ReadonlyArray<readonly [coding: string, body: string]> = [
  ['gzip', latin1(gzipSync(text))],
  ['GZIP', latin1(gzipSync(text))],
  ['x-gzip', latin1(gzipSync(text))],
  ['deflate', latin1(deflateSync(text))],
  ['br', latin1(brotliCompressSync(text))],
  ['zstd', latin1(zstdCompressSync(text))],
  ['gzip, br', latin1(brotliCompressSync(gzipSync(text)))],
  ['zstd, gzip', latin1(gzipSync(zstdCompressSync(Buffer.from(text))))],
  ['identity, gzip', latin1(gzipSync(text))],
  ['gzip, foo', latin1(gzipSync(text))],
  ['foo', text],
  ['identity', text],
]
const accepts = 'Accept-Encoding: gzip, deflate, br, zstd'

export const cases: readonly FidelityCase[] = [
  ...['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method) => ({
    name: method,
    method,
  })),
  ...['POST', 'PUT', 'PATCH', 'DELETE'].flatMap((method) => [
    { name: `${method} with a length`, method, headers: ['Content-Length: 5'], body: 'hello' },
    {
      name: `${method} in chunks`,
      method,
      headers: ['Transfer-Encoding: chunked'],
      body: '5\r\nhello\r\n0\r\n\r\n',
    },
  ]),
  { name: 'POST of no bytes', method: 'POST', headers: ['Content-Length: 0'] },
  {
    name: 'a body of every byte',
    method: 'POST',
    headers: ['Content-Length: 256'],
    body: everyByte(),
  },
  {
    name: 'a coded upload',
    method: 'POST',
    headers: ['Content-Encoding: gzip', 'Content-Length: 5'],
    body: 'gzip!',
  },
  {
    name: 'headers of a browser',
    headers: [
      'Sec-Fetch-Mode: navigate',
      'Sec-Fetch-Dest: document',
      'Sec-Fetch-Site: none',
      'User-Agent: Test/1',
      'Accept: text/html',
      'Accept-Language: de',
      accepts,
      'DNT: 1',
      'Priority: u=0, i',
      'Upgrade-Insecure-Requests: 1',
    ],
  },
  {
    name: 'If-None-Match',
    headers: ['If-None-Match: "a", W/"b"'],
    answer: 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n',
  },
  { name: 'If-Modified-Since', headers: ['If-Modified-Since: Sun, 29 Nov 2026 00:00:00 GMT'] },
  {
    name: 'If-Match',
    method: 'PUT',
    headers: ['If-Match: "a"', 'Content-Length: 1'],
    body: 'x',
    answer: ok([], '', '412 Precondition Failed'),
  },
  { name: 'Cache-Control of a client', headers: ['Cache-Control: no-cache', 'Pragma: no-cache'] },
  {
    name: 'a conditional request with Cache-Control',
    headers: ['If-None-Match: "a"', 'Cache-Control: max-age=0'],
  },
  {
    name: 'Range',
    headers: ['Range: bytes=0-1', 'If-Range: "a"'],
    answer: ok(['Content-Range: bytes 0-1/9', 'ETag: "a"'], 'ok', '206 Partial Content'),
  },
  {
    name: 'Range that cannot be',
    headers: ['Range: bytes=99-'],
    answer: ok(['Content-Range: bytes */9'], '', '416 Range Not Satisfiable'),
  },
  {
    name: 'several ranges',
    headers: ['Range: bytes=0-0,2-2'],
    answer: ok(
      ['Content-Type: multipart/byteranges; boundary=x'],
      '--x\r\n\r\na\r\n--x--',
      '206 Partial Content',
    ),
  },
  {
    name: 'Authorization',
    headers: ['Authorization: Basic YTpi'],
    answer: ok(['WWW-Authenticate: Basic realm="a", Bearer'], 'no', '401 Unauthorized'),
  },
  {
    name: 'cookies',
    headers: ['Cookie: a=1; b="2"; c=\xc3\xa9'],
    answer: ok([
      'Set-Cookie: a=1; Path=/; HttpOnly; Secure; SameSite=Strict',
      'Set-Cookie: b=2; Path=/; Secure; SameSite=Lax',
    ]),
  },
  { name: 'two Cookie headers', headers: ['Cookie: a=1', 'Cookie: b=2'] },
  { name: 'one name twice', headers: ['X-A: 1', 'X-A: 2'], answer: ok(['X-B: 1', 'X-B: 2']) },
  { name: 'an empty value', headers: ['X-A:'], answer: ok(['X-B:']) },
  {
    name: 'bytes beyond ASCII in a value',
    headers: ['X-A: caf\xc3\xa9'],
    answer: ok(['X-B: caf\xc3\xa9']),
  },
  { name: 'a value of Latin-1', headers: ['X-A: caf\xe9'], answer: ok(['X-B: caf\xe9']) },
  {
    name: 'a value of 20 kB',
    headers: [`X-A: ${'v'.repeat(4000)}`],
    answer: ok([`X-B: ${'v'.repeat(20_000)}`]),
  },
  {
    name: 'a head of 100 kB',
    answer: ok(Array.from({ length: 100 }, (_, at) => `X-${at}: ${'v'.repeat(1000)}`)),
  },
  {
    name: '300 headers',
    headers: Array.from({ length: 90 }, (_, at) => `X-${at}: 1`),
    answer: ok(Array.from({ length: 300 }, (_, at) => `X-${at}: 1`)),
  },
  { name: 'a query', search: "?a=1&a=2&b=%20+&c='()*!~&d=[]{}|^`&e=a%2Fb" },
  { name: 'a query of raw UTF-8', search: '?q=caf\xc3\xa9' },
  { name: 'an empty query', search: '?' },
  {
    name: 'hop-by-hop headers',
    headers: ['TE: trailers', 'Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive'],
  },
  {
    name: 'traceparent',
    headers: [
      'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      'tracestate: a=1',
    ],
  },
  ...[
    200, 201, 202, 203, 205, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 409, 410,
    411, 412, 413, 415, 417, 418, 421, 422, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504,
    507, 511, 599,
  ].map((status) => ({
    name: `status ${status}`,
    answer: ok(
      ['Location: https://elsewhere.example/x', 'Retry-After: 5', 'Content-Type: text/plain'],
      status === 205 ? '' : 'ok',
      `${status} Said`,
    ),
  })),
  { name: 'a reason of its own', answer: ok([], 'ok', '200 Fine by me') },
  { name: 'no reason', answer: ok([], 'ok', '200 ') },
  { name: 'status 204', answer: 'HTTP/1.1 204 No Content\r\nETag: "a"\r\n\r\n' },
  {
    name: 'status 304 with a length',
    answer:
      'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 50\r\nContent-Encoding: gzip\r\n\r\n',
  },
  {
    name: 'HEAD with a length',
    method: 'HEAD',
    answer: 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: "a"\r\n\r\n',
  },
  {
    name: 'HEAD of a coded file',
    method: 'HEAD',
    headers: [accepts],
    answer: 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 99\r\n\r\n',
  },
  {
    name: 'HEAD of chunks',
    method: 'HEAD',
    answer: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  },
  {
    name: 'chunks',
    answer: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n',
  },
  {
    name: 'chunks with extensions',
    leaves: true,
    answer: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nab\r\n0\r\n\r\n',
  },
  {
    name: 'a body up to the end of the connection',
    answer: 'HTTP/1.1 200 OK\r\n\r\nto the end',
    ends: true,
  },
  { name: 'no bytes', answer: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
  {
    name: 'an answer of every byte',
    answer: ok(['Content-Type: application/octet-stream'], everyByte()),
  },
  {
    name: 'an answer that breaks off',
    answer: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf',
    ends: true,
  },
  {
    name: 'chunks that break off',
    answer: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
    ends: true,
  },
  {
    name: 'trailer fields',
    leaves: true,
    headers: ['TE: trailers'],
    answer: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n',
  },
  {
    name: 'Early Hints',
    leaves: true,
    answer: `HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n${ok([])}`,
  },
  { name: 'Processing', leaves: true, answer: `HTTP/1.1 102 Processing\r\n\r\n${ok([])}` },
  {
    name: 'an early answer',
    method: 'POST',
    headers: ['Content-Length: 5'],
    body: 'hello',
    answer: ok([], 'early', '403 Forbidden'),
  },
  {
    name: 'a stream of events',
    answer:
      'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n0\r\n\r\n',
  },
  {
    name: 'fields of caches',
    answer: ok([
      'Cache-Control: public, max-age=5',
      'Age: 3',
      'ETag: W/"a"',
      'Last-Modified: Sun, 29 Nov 2026 00:00:00 GMT',
      'Expires: 0',
      'Vary: Accept-Encoding',
      'Via: 1.1 a',
      'Warning: 110 - "x"',
    ]),
  },
  {
    name: 'fields of files',
    answer: ok([
      'Content-Type: text/csv; charset=utf-8',
      "Content-Disposition: attachment; filename*=UTF-8''a.csv",
      'Content-Language: de',
      'Accept-Ranges: bytes',
      'Link: </n>; rel=next',
      'Content-Digest: sha-256=:abc=:',
    ]),
  },
  {
    name: 'fields of CORS',
    headers: ['Origin: http://localhost'],
    answer: ok([
      'Access-Control-Allow-Origin: *',
      'Access-Control-Expose-Headers: X-A',
      'Timing-Allow-Origin: *',
    ]),
  },
  {
    name: 'Location in raw UTF-8',
    answer: ok(['Location: https://elsewhere.example/caf\xc3\xa9'], '', '302 Found'),
  },
  { name: 'Date', answer: ok(['Date: Sun, 29 Nov 2026 00:00:00 GMT']) },
  ...codings.map(([coding, body]) => ({
    name: `coding ${coding}`,
    headers: [accepts],
    answer: ok([`Content-Encoding: ${coding}`, 'Vary: Accept-Encoding'], body),
  })),
  {
    name: 'a coding that was not asked for',
    answer: ok(['Content-Encoding: gzip'], codings[0]?.[1]),
  },
  { name: 'zstd that was not asked for', answer: ok(['Content-Encoding: zstd'], codings[5]?.[1]) },
  {
    name: 'a part of a coded file',
    headers: [accepts, 'Range: bytes=0-9'],
    answer: ok(
      ['Content-Encoding: gzip', 'Content-Range: bytes 0-9/99'],
      codings[0]?.[1].slice(0, 10),
      '206 Partial Content',
    ),
  },
  {
    name: 'a middle part of a coded file',
    headers: [accepts, 'Range: bytes=5-14'],
    answer: ok(
      ['Content-Encoding: zstd', 'Content-Range: bytes 5-14/99'],
      codings[5]?.[1].slice(5, 15),
      '206 Partial Content',
    ),
  },
  {
    name: 'a WebSocket',
    headers: [
      'Upgrade: websocket',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Protocol: a, b',
    ],
    answer:
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: <accept>\r\nSec-WebSocket-Protocol: a\r\n\r\n',
    echo: '\x81\x02hi',
  },
  {
    name: 'a WebSocket that is refused',
    headers: [
      'Upgrade: websocket',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
    ],
    answer: ok(['WWW-Authenticate: Bearer'], 'no', '401 Unauthorized'),
  },
]

function everyByte(): string {
  return Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1')
}

/** Cases 78 to 81: GraphQL that asks for too much, or in a way that another site's page could send. */
import { type Attack, bytes, get } from './table.ts'

const deep = `${'{a'.repeat(11)}${'}'.repeat(11)}`
const aliases = `{${Array.from({ length: 16 }, (_, i) => `a${i}:b`).join(' ')}}`
const fields = `{${Array.from({ length: 21 }, (_, i) => `a${i}`).join(' ')}}`
const directives = `{a${' @b'.repeat(51)}}`

export const queries: readonly Attack[] = [
  ...[
    ['11 fields within each other', deep],
    [
      '11 of them, one half in a fragment',
      '{a{a{a{a{a{a{...F}}}}}}} fragment F on T {a{a{a{a{a}}}}}',
    ],
    ['16 aliases', aliases],
    ['21 root fields', fields],
    ['51 directives', directives],
    ['1,001 words', `{${'a '.repeat(1000)}}`],
    ['fragments in a circle', '{...A} fragment A on T {...B} fragment B on T {...A}'],
    ['a brace that hides in a string', `{a(b: "}")${deep}}`],
    ['a brace that hides in a comment', `{a #}\n${deep}}`],
    ['a brace that hides in a block string', `{a(b: """}\\"""}""")${deep}}`],
  ].map(([attack = '', query]): Attack => refused(78, attack, 400, JSON.stringify({ query }))),
  refused(78, 'a list of operations', 400, JSON.stringify([{ query: '{a}' }])),
  refused(78, '65 KB', 413, JSON.stringify({ query: `{a}${' '.repeat(65_536)}` })),
  refused(78, 'one member twice', 400, `{"query":"{a}","query":${JSON.stringify(deep)}}`),
  refused(
    79,
    'a question about the schema',
    403,
    JSON.stringify({ query: '{__schema{types{name}}}' }),
  ),
  refused(
    79,
    'a question about one type, in a fragment',
    403,
    '{"query":"{...F} fragment F on Q {__type(name:\\"U\\"){name}}"}',
  ),
  {
    number: 80,
    attack: 'a query as GET',
    send: get('/graphql?query=%7Ba%7D'),
    status: 405,
    headers: { Allow: 'POST' },
  },
  refused(80, 'a query as a form', 415, 'query=%7Ba%7D', 'application/x-www-form-urlencoded'),
  refused(80, 'a query as text', 415, '{"query":"{a}"}', 'text/plain'),
  refused(80, 'a query as upload', 415, '--x--', 'multipart/form-data; boundary=x'),
  refused(80, 'a query without a type', 415, '{"query":"{a}"}', ''),
  refused(81, 'a negative take', 400, '{"query":"{users(take:-1){id}}"}'),
  refused(81, 'a take that is too large', 400, '{"query":"{users(take:101){id}}"}'),
  refused(
    81,
    'a negative take in a variable',
    400,
    '{"query":"query($n:Int){users(take:$n){id}}","variables":{"n":-5}}',
  ),
  refused(
    81,
    'a take that is too large by default',
    400,
    '{"query":"query($n:Int=500){users(take:$n){id}}"}',
  ),
  {
    number: 81,
    attack: 'a query that may be asked, byte for byte',
    send: post('{"query": "{users(take:100){id}}"}'),
    status: 200,
    upstream: bytes(
      [
        'POST /graphql HTTP/1.1',
        'Content-Length: 34',
        'Host: {origin}',
        'Content-Type: application/json',
        'Cache-Control: max-age=31536000',
        'Pragma: no-cache',
        'Origin: http://gateway.test',
        "content-security-policy: script-src 'nonce-{page-nonce}'",
        'forwarded: for=unknown;host="gateway.test";proto=http',
        'portcullis-hops: 1',
        'x-forwarded-host: gateway.test',
        'x-forwarded-proto: http',
        'x-request-id: {id}',
      ],
      '{"query": "{users(take:100){id}}"}',
    ),
  },
]

function refused(
  number: number,
  attack: string,
  status: number,
  body: string,
  type?: string,
): Attack {
  return { number, attack, send: post(body, type), status }
}

function post(body: string, type = 'application/json'): string {
  const typed = type === '' ? [] : [`Content-Type: ${type}`]
  const head = [
    'POST /graphql HTTP/1.1',
    'Host: gateway.test',
    'Origin: http://gateway.test',
    ...typed,
  ]
  return bytes([...head, `Content-Length: ${body.length}`], body)
}

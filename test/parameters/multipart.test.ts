import { describe, expect, it } from 'vitest'
import { createParameterReader, readBoundary, readMultipart } from '../../src/parameters/index.ts'

const type = 'multipart/form-data; boundary=XX'
const read = (text: string, contentType = type): ReturnType<typeof readMultipart> =>
  readMultipart(new TextEncoder().encode(text), contentType)
const part = (head: string, value = 'v'): string => `--XX\r\n${head}\r\n\r\n${value}\r\n`
const named = (name: string, value?: string): string =>
  part(`Content-Disposition: form-data; name="${name}"`, value)
const end = '--XX--\r\n'

describe('a multipart body', () => {
  it('is read as browsers, curl and libraries write it', () => {
    const body = [
      named('email', 'zoé'),
      part(
        'Content-Disposition: form-data; name="file"; filename="a%22.png"\r\nContent-Type: image/png',
        '\r\n--X',
      ),
      part('content-type: text/plain; charset=utf-8\r\ncontent-disposition: form-data; name=plain'),
      part(
        'Content-Disposition: form-data; name="sized"\r\nContent-Length: 1\r\nContent-Transfer-Encoding: binary',
      ),
      named('empty', ''),
    ]
    expect(read(body.join('') + end)).toEqual([
      { name: 'email', fileName: undefined, value: 'zoé' },
      { name: 'file', fileName: 'a%22.png', value: '\r\n--X' },
      { name: 'plain', fileName: undefined, value: 'v' },
      { name: 'sized', fileName: undefined, value: 'v' },
      { name: 'empty', fileName: undefined, value: '' },
    ])
    expect(read(`${named('a')}--XX--`)?.length).toBe(1)
  })

  it('keeps a file that is no text, and takes no field that is none', () => {
    const bytes = (head: string): Uint8Array =>
      Uint8Array.from([
        ...new TextEncoder().encode(`--XX\r\n${head}\r\n\r\n`),
        0xe9,
        ...new TextEncoder().encode('\r\n--XX--'),
      ])
    const file = 'Content-Disposition: form-data; name="f"; filename="x"'
    expect(readMultipart(bytes(file), type)).toEqual([
      { name: 'f', fileName: 'x', value: undefined },
    ])
    expect(readMultipart(bytes('Content-Disposition: form-data; name="f"'), type)).toBe(undefined)
  })

  it.each([
    ['text before the first boundary', `x\r\n${named('a')}${end}`],
    ['text behind the last', `${named('a')}${end}x`],
    ['another body behind the last', `${named('a')}${end}${named('b')}${end}`],
    ['no end', named('a')],
    ['no part', end],
    ['nothing', ''],
    ['lines that end in LF', `${named('a')}${end}`.replaceAll('\r', '')],
    [
      'a boundary behind LF',
      `${named('a', 'v\n--XX\nContent-Disposition: form-data; name="b"')}${end}`,
    ],
    ['a boundary within a line', `${named('a', 'v--XX')}${end}`],
    ['a boundary with more behind it', `${named('a', 'v\r\n--XXY')}${end}`],
    ['a boundary with space behind it', `${named('a')}--XX \r\n${named('b').slice(6)}${end}`],
    ['no disposition', part('Content-Type: text/plain') + end],
    ['no name', part('Content-Disposition: form-data') + end],
    [
      'two dispositions',
      part('Content-Disposition: form-data; name="a"\r\nContent-Disposition: form-data; name="b"') +
        end,
    ],
    ['two names', part('Content-Disposition: form-data; name="a"; name="b"') + end],
    ['a name by RFC 5987', part("Content-Disposition: form-data; name*=utf-8''b") + end],
    [
      'both kinds of name',
      part('Content-Disposition: form-data; name="a"; name*=utf-8\'\'b') + end,
    ],
    [
      'a name in pieces (RFC 2231)',
      part('Content-Disposition: form-data; name*0="a"; name*1="b"') + end,
    ],
    [
      'a file name by RFC 5987',
      part('Content-Disposition: form-data; name="a"; filename*=utf-8\'\'b') + end,
    ],
    ['a quoted pair', part('Content-Disposition: form-data; name="a\\"b"') + end],
    ['an escape', part('Content-Disposition: form-data; name="a%22b"') + end],
    ['NUL in a name', part('Content-Disposition: form-data; name="a\0b"') + end],
    ['single quotes', part("Content-Disposition: form-data; name='a'") + end],
    ['a folded header', part('Content-Disposition: form-data;\r\n name="a"') + end],
    ['a header with a bare CR', part('Content-Disposition: form-data; name="a"\rX: y') + end],
    ['space before a colon', part('Content-Disposition : form-data; name="a"') + end],
    ['an attachment', part('Content-Disposition: attachment; name="a"') + end],
    ['an unknown header', part('Content-Disposition: form-data; name="a"\r\nX-Name: b') + end],
    [
      'a coding',
      part('Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64') + end,
    ],
    [
      'another charset',
      part('Content-Disposition: form-data; name="a"\r\nContent-Type: text/plain; charset=utf-16') +
        end,
    ],
    ['a charset for all', named('_charset_', 'utf-7') + end],
    ['more than 1,000 parts', named('a').repeat(1001) + end],
    ['more than 200 names beyond ASCII', named('\xef\xb7\xba').repeat(201) + end],
  ])('T3: with %s is read by nobody', (_, body) => {
    expect(read(body)).toBe(undefined)
  })

  it.each([
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary="XX',
    'multipart/form-data; boundary=XX; boundary=YY',
    'multipart/form-data; boundary*=XX',
    'multipart/form-data; charset=utf-16; boundary=XX',
    'multipart/form-data, multipart/form-data; boundary=XX',
    'multipart/mixed; boundary=XX',
    'multipart/form-data; boundary="X X"',
    `multipart/form-data; boundary=${'x'.repeat(71)}`,
  ])('of type %s is read by nobody', (contentType) => {
    expect(readBoundary(contentType)).toBe(undefined)
    expect(read(named('a') + end, contentType)).toBe(undefined)
  })
})

describe('one field', () => {
  const method = createParameterReader('_method')

  it('is absent, found, or unclear', () => {
    expect(method(read(named('a') + end) ?? [])).toEqual({ status: 'absent' })
    expect(method(read(named('_method', 'delete') + end) ?? [])).toEqual({
      status: 'found',
      value: 'delete',
    })
    expect(method([['_method', 'delete']])).toEqual({ status: 'found', value: 'delete' })
    expect(method(read(named('_method') + named('_METHOD') + end) ?? [])).toEqual({
      status: 'unclear',
    })
    expect(method([['_method[]', 'delete']])).toEqual({ status: 'unclear' })
  })

  it('that has a file name is unclear: a file to one server, a text to another', () => {
    const file = part('Content-Disposition: form-data; name="_method"; filename=""')
    expect(method(read(file + end) ?? [])).toEqual({ status: 'unclear' })
  })
})

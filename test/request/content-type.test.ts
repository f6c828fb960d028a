import { describe, expect, it } from 'vitest'
import { createIssues } from '../../src/options/index.ts'
import { compileContentTypes, isCompressed } from '../../src/request/index.ts'

const takes = compileContentTypes(
  ['application/json', 'image/*', 'application/vnd.api+json'],
  createIssues(),
)
const typed = (type: string | undefined): Headers =>
  new Headers(type === undefined ? {} : { 'Content-Type': type })

describe('a list of content types', () => {
  it.each([
    ['application/json', true],
    ['Application/JSON; charset=utf-8', true],
    ['application/json;charset=utf-8', true],
    ['application/vnd.api+json', true],
    ['image/png', true],
    ['IMAGE/WebP', true],
    // <form enctype="text/plain"> whose one field is named {"a":" and holds "}
    ['text/plain', false],
    ['text/plain; application/json', false],
    ['application/json, text/plain', false],
    ['application/json; a=b, text/plain', false],
    ['image/png, text/html', false],
    ['application/jsonp', false],
    ['application/', false],
    ['image', false],
    ['images/png', false],
    ['*/*', false],
    ['', false],
    [undefined, false],
  ])('%j: %s', (type, expected) => {
    expect(takes(typed(type))).toBe(expected)
  })

  it.each([
    [[]],
    ['application/json'],
    [['json']],
    [['Application/json']],
    [['*/*']],
    [['text/html; charset=utf-8']],
    [[5]],
  ])('is none: %j', (given) => {
    const list = createIssues('contentTypes')
    compileContentTypes(given, list)
    expect(() => list.throwIfAny()).toThrow(/^contentTypes(?:\.0)? must be a/)
  })
})

describe('a coded body', () => {
  it.each([
    [undefined, false],
    ['identity', false],
    [' Identity ', false],
    ['gzip', true],
    ['br', true],
    ['identity, gzip', true],
    ['', true],
  ])('%j: %s', (coding, expected) => {
    expect(
      isCompressed(new Headers(coding === undefined ? {} : { 'Content-Encoding': coding })),
    ).toBe(expected)
  })
})

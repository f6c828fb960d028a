import { describe, expect, it } from 'vitest'
import { faults } from '../../src/options/index.ts'
import { contentTypes, isCoded } from '../../src/request/index.ts'

const takes = contentTypes(['application/json', 'image/*', 'application/vnd.api+json'], faults())
const typed = (type: string | undefined): Headers => new Headers(type === undefined ? {} : { 'Content-Type': type })

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
    const list = faults('contentTypes')
    contentTypes(given, list)
    expect(() => list.done()).toThrow(/^contentTypes(?:\.0)? must be a/)
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
    expect(isCoded(new Headers(coding === undefined ? {} : { 'Content-Encoding': coding }))).toBe(expected)
  })
})

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the planted files hold templates.
import { expect, it } from 'vitest'
import { regexesOf } from '../../../tools/check/rules/regexes.ts'

it.each([
  ['const a = /^x+$/i', ['1 /^x+$/i']],
  ['const a =\n  /x/u.test(b) || /y/.test(c)', ['2 /x/u', '2 /y/']],
  ["text.replace(/[/'`]/g, '/')", ["1 /[/'`]/g"]],
  ['return /\\//.exec(a)', ['1 /\\//']],
  ['items.map((item) => /a/.test(item))', ['1 /a/']],
  ['const half = a / 2 / b', []],
  ['const half = (a) / 2 / b', []],
  ['const half = a[0] / 2 / b', []],
  ['const text = \'/x/\' + "/y/"', []],
  ['// /x/\n/* /y/ */ const a = /z/', ['2 /z/']],
  ['const a = `/x/ ${b.replace(/y/, c)} /z/`', ['1 /y/']],
  ['a /* = */ / b / c', []],
])('finds what is written out in %j', (text, expected) => {
  expect(regexesOf(text).map(({ line, source, flags }) => `${line} /${source}/${flags}`)).toEqual(
    expected,
  )
})

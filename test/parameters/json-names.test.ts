import { describe, expect, it } from 'vitest'
import { hasClearNames } from '../../src/parameters/index.ts'

describe('the names of a JSON text', () => {
  it.each([
    ['{}'],
    ['[]'],
    ['1'],
    ['{"a":1,"b":2}'],
    ['{"a":{"a":{"a":1}}}'],
    ['[{"a":1},{"a":1}]'],
    ['{"x":[{"a":1},{"a":1}],"a":1}'],
    ['{"a":"a","b":"a"}'],
    ['["a","a",{"a":"a"},"a"]'],
    ['{"a":"\\"a\\":1,","b":"{\\"b\\":"}'],
    ['{"a\\\\":1,"a\\\\\\\\":2}'],
    ['{"a\\"":1,"a":2}'],
    ['{"a\\/b":1,"a":2}'],
    ['{ "a" : 1 ,\n"b"\t:\r2}'],
    ['{"":1}'],
    ['{"\u00e9":1,"e\u0301":2}'],
    ['{"\ud83d\ude00":1,"\\ud83d\\ude01":2}'],
  ])('are clear: %s', (text) => {
    expect(hasClearNames(text)).toBe(true)
  })

  // curl -d '{"query":"{a}","query":"{a{b{c}}}"}': RFC 8259 leaves open which of them counts.
  it.each([
    ['twice', '{"a":1,"a":2}'],
    ['twice, with something between', '{"a":1,"b":{"a":3},"c":[4],"a":2}'],
    ['twice, within', '{"x":[1,{"y":{"a":1,"b":[],"a":2}}]}'],
    ['twice, once with an escape', '{"a":1,"\\u0061":2}'],
    ['twice, with escapes', '{"\\u00E9\\/":1,"\\u00e9/":2}'],
    ['twice, as a pair of surrogates', '{"\ud83d\ude00":1,"\\ud83d\\uDE00":2}'],
    ['twice, and empty', '{"":1,"":2}'],
    ['twice, with spaces around', '{"a" :1 , "a"\n:2}'],
    ['with a NUL', '{"a\\u0000b":1}'],
    ['with a line feed', '{"a\\n":1}'],
    ['with a delete', '{"a\u007f":1}'],
    ['with a control character beyond ASCII', '{"a\u0085":1}'],
    ['with a control character beyond ASCII as an escape', '{"a\\u009f":1}'],
    ['with half a pair', '{"\\ud83d":1}'],
    ['with half a pair before a letter', '{"\\ud83da":1}'],
    ['with the other half of a pair', '{"a\\ude00":1}'],
    ['with the halves of a pair in the wrong order', '{"\\ude00\\ud83d":1}'],
  ])('are not clear: %s', (_, text) => {
    expect(hasClearNames(text)).toBe(false)
  })

  it('are compared in texts with thousands of them, and in each text alone', () => {
    const members = Array.from({ length: 20_000 }, (_, i) => `"n${i}":${i}`)
    const objects = members.map((member) => `{${member},"same":1}`)
    for (let repeated = 0; repeated < 3; repeated++) {
      expect(hasClearNames(`{${members.join()}}`)).toBe(true)
      expect(hasClearNames(`[${objects.join()}]`)).toBe(true)
      expect(hasClearNames(`{${members.join()},"n${repeated}":1}`)).toBe(false)
      expect(hasClearNames(`[${objects.join()},{"a":1,"a":2}]`)).toBe(false)
    }
  })
})

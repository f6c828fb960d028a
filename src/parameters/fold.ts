/**
 * Folds text: texts that some server, language or database treats as equal become equal here. The readers of parameters
 * and the login throttle compare names with it. Every text can be folded. Folding too much only makes a check stricter,
 * because it makes different texts equal.
 */

/**
 * Letters that NFKD does not decompose although servers and databases treat them as others: letters with strokes or
 * tails, and ligatures. WordPress' `remove_accents`, Rails' `transliterate` and MySQL's `utf8mb4` collations agree on
 * most of them.
 */
const letters: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{
      ß: 'ss',
      æ: 'ae',
      œ: 'oe',
      ø: 'o',
      đ: 'd',
      ð: 'd',
      ł: 'l',
      ħ: 'h',
      þ: 'th',
      ı: 'i',
      ȷ: 'j',
      ŋ: 'ng',
      ĸ: 'k',
    },
    ...{
      ŧ: 't',
      ƀ: 'b',
      ƃ: 'b',
      ɓ: 'b',
      ƈ: 'c',
      ȼ: 'c',
      ɖ: 'd',
      ɗ: 'd',
      ƌ: 'd',
      ǝ: 'e',
      ə: 'e',
      ɛ: 'e',
      ɇ: 'e',
      ƒ: 'f',
    },
    ...{
      ǥ: 'g',
      ɠ: 'g',
      ɣ: 'g',
      ƙ: 'k',
      ɨ: 'i',
      ɩ: 'i',
      ɉ: 'j',
      ƚ: 'l',
      ɫ: 'l',
      ⱡ: 'l',
      ɯ: 'm',
      ɲ: 'n',
      ƞ: 'n',
      ɔ: 'o',
    },
    ...{
      ɵ: 'o',
      ƥ: 'p',
      ᵽ: 'p',
      ɋ: 'q',
      ɍ: 'r',
      ɽ: 'r',
      ʀ: 'r',
      ȿ: 's',
      ʃ: 's',
      ƭ: 't',
      ʈ: 't',
      ⱦ: 't',
      ʉ: 'u',
      ʊ: 'u',
    },
    ...{
      ʋ: 'v',
      ʌ: 'v',
      ⱳ: 'w',
      ƴ: 'y',
      ɏ: 'y',
      ƶ: 'z',
      ȥ: 'z',
      ɀ: 'z',
      ʒ: 'z',
      ƿ: 'w',
      ꝏ: 'oo',
      ꝥ: 'th',
      ς: 'σ',
    },
    ...{
      ʹ: "'",
      ʼ: "'",
      '‘': "'",
      '’': "'",
      '＇': "'",
      '‐': '-',
      '‑': '-',
      '–': '-',
      '—': '-',
      '−': '-',
    },
  }),
)

/** A character that folding changes: one beyond ASCII, a letter in upper case, a space or a control character. */
const needsFolding = /[^!-@[-~]/

const beyondAscii = /[^\0-\x7f]/

/** A digit of another script. */
const decimalDigit = /(?![0-9])\p{Nd}/u

/**
 * Characters that are not shown: marks, format and control characters, lone surrogates, unassigned ones and fillers.
 */
const invisible = /[\p{M}\p{Cf}\p{Cc}\p{Cs}\p{Cn}\u115f\u1160\u3164\uffa0]/gu

/**
 * Folds a text, by these rules:
 *
 * - case, by every rule that servers have for it: first to upper and then to lower case, so that `ß`, `ı`, `ſ` and `ς`
 *   become equal to what they are compared with
 * - compatibility forms, marks and invisible characters
 * - letters with strokes, and ligatures
 * - decimal digits of all scripts
 *
 * White space becomes one space.
 *
 * @see Unicode Standard Annex 15; Unicode Technical Standard 10
 */
export function foldText(text: string): string {
  if (!needsFolding.test(text)) return text
  let folded = text
  if (beyondAscii.test(folded)) folded = folded.normalize('NFKD')
  folded = folded.replace(invisible, '').toUpperCase().toLowerCase()
  if (beyondAscii.test(folded)) {
    // Again, because some upper-case letters become a letter and a mark in lower case (`İ`), and the reverse.
    folded = folded.normalize('NFKD').replace(invisible, '')
    const hasDigits = decimalDigit.test(folded)
    folded = folded.replace(/[^\0-\x7f]/gu, (letter) => {
      return letters.get(letter) ?? (hasDigits ? foldDigit(letter) : undefined) ?? letter
    })
  }
  return folded.replace(/\s+/g, ' ').trim()
}

/**
 * Returns the ASCII digit for a decimal digit of another script. Each script has ten of them in a row, beginning with
 * its zero.
 */
function foldDigit(letter: string): string | undefined {
  if (!/^\p{Nd}$/u.test(letter)) return undefined
  const point = letter.codePointAt(0) ?? 0
  let zero = point
  while (point - zero < 9 && /^\p{Nd}$/u.test(String.fromCodePoint(zero - 1))) zero--
  return `${point - zero}`
}

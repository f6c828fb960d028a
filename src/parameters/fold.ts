/**
 * Folds text: texts that some server, language or database treats as equal become equal here. The
 * readers of parameters and the login throttle compare names with it. A wrong fold can only make
 * different texts equal, which is stricter.
 */

/**
 * Letters that NFKD leaves whole, though servers and databases take them for others: strokes, ligatures and letters with a
 * tail. WordPress' `remove_accents`, Rails' `transliterate` and MySQL's `utf8mb4` collations agree on most of them.
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

/** Not ASCII, or a letter in upper case, a space or a control character: only then is there anything to fold. */
const needsFolding = /[^!-@[-~]/

const beyondAscii = /[^\0-\x7f]/

/** A digit of another script. */
const decimalDigit = /(?![0-9])\p{Nd}/u

/** Marks, format characters, control characters, half pairs, and the fillers that are shown as nothing. */
const unseen = /[\p{M}\p{Cf}\p{Cc}\p{Cs}\p{Cn}\u115f\u1160\u3164\uffa0]/gu

/**
 * Folds a text: case by every rule that servers have for it (upper first, then lower, so that `ß`, `ı`, `ſ` and `ς` meet
 * what they are compared with), compatibility forms, marks, what is not seen, stroked letters and ligatures, decimal digits
 * of all scripts. White space becomes one space.
 *
 * @see Unicode Standard Annex 15; Unicode Technical Standard 10
 */
export function foldText(text: string): string {
  if (!needsFolding.test(text)) return text
  let folded = text
  if (beyondAscii.test(folded)) folded = folded.normalize('NFKD')
  folded = folded.replace(unseen, '').toUpperCase().toLowerCase()
  if (beyondAscii.test(folded)) {
    // Again: some letters in upper case are a letter and a mark in lower case (`İ`), and the other way round.
    folded = folded.normalize('NFKD').replace(unseen, '')
    const hasDigits = decimalDigit.test(folded)
    folded = folded.replace(/[^\0-\x7f]/gu, (letter) => {
      return letters.get(letter) ?? (hasDigits ? foldDigit(letter) : undefined) ?? letter
    })
  }
  return folded.replace(/\s+/g, ' ').trim()
}

/** The ASCII digit of a decimal digit of another script. Each script has ten of them in a row, from its zero on. */
function foldDigit(letter: string): string | undefined {
  if (!/^\p{Nd}$/u.test(letter)) return undefined
  const point = letter.codePointAt(0) ?? 0
  let zero = point
  while (point - zero < 9 && /^\p{Nd}$/u.test(String.fromCodePoint(zero - 1))) zero--
  return `${point - zero}`
}

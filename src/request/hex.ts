/**
 * Reads one hexadecimal digit, faster than a regular expression. The parsers of paths and of IP
 * addresses call it. It is pure and throws nothing; any other character gives -1.
 */

/** Returns the value of a character code as a hexadecimal digit of either case, or -1. */
export function hexDigit(charCode: number): number {
  if (charCode >= 0x30 && charCode <= 0x39) return charCode - 0x30
  const upper = charCode & ~0x20
  return upper >= 0x41 && upper <= 0x46 ? upper - 0x37 : -1
}

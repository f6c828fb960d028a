"""Prints what Python makes of every code point, as lines "code point, TAB, text": its methods and re.IGNORECASE."""
import _sre
import re
import sys

sys.stdout.reconfigure(encoding="utf-8", newline="\n")
for code in range(0x110000):
    if 0xD800 <= code <= 0xDFFF:
        continue
    char = chr(code)
    texts = {char.lower(), char.upper(), char.title(), char.casefold(), char.swapcase(), chr(_sre.unicode_tolower(code))}
    # What IGNORECASE takes for the same besides: long s, Kelvin sign, dotless i.
    texts |= {chr(other) for other in re._casefix._EXTRA_CASES.get(code, ())}
    for text in sorted(texts - {char}):
        print(code, text, sep="\t")

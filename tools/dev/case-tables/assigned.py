"""Prints the version of Unicode that Python knows, then the ranges of code points that it has no character for."""
import sys
import unicodedata

print(unicodedata.unidata_version)
start = None
for code in range(sys.maxunicode + 2):
    unknown = code <= sys.maxunicode and unicodedata.category(chr(code)) == "Cn"
    if unknown and start is None:
        start = code
    if not unknown and start is not None:
        print(start, code - 1, sep="\t")
        start = None

"""Makes a hostile report of a good one: every text in it becomes markup, terminal escapes, or megabytes.

    python3 report.py GOOD.json HOSTILE.json

The same text becomes the same attack, so that two hostile reports of one scenario can be compared.
"""

import json
import sys
import zlib

ATTACKS = [
    "</script><script>window.owned=1</script>",
    "<img src=x onerror=\"window.owned=1\">",
    "\"><svg onload=window.owned=1>",
    "</title></style><script>window.owned=1;alert(1)</script><!--",
    "javascript:window.owned=1",
    "\x1b[2J\x1b]0;owned\x07\u202egnp.exe\u2066 {{7*7}} ${window.owned=1}",
    "&lt;script&gt;window.owned=1&lt;/script&gt;&#x3c;script&#x3e;",
]
LONG = "<script>window.owned=1</script>" + "W" * (1 << 20)
# A megabyte in every text would be over the limit of what is read at all.
LONG_KEYS = {"why", "shows", "policy"}
# Words of closed sets, which no foreign text can reach.
CLOSED = {"verdict", "state"}


def hostile(value, key=None):
    if isinstance(value, str) and key in LONG_KEYS:
        return LONG
    if isinstance(value, str):
        return value if key in CLOSED else ATTACKS[zlib.crc32(value.encode()) % len(ATTACKS)] + value
    if isinstance(value, list):
        return [hostile(item, key) for item in value]
    if isinstance(value, dict):
        return {name: hostile(item, name) for name, item in value.items()}
    return value


def main():
    source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        report = json.load(file)
    with open(target, "w", encoding="utf-8") as file:
        json.dump(hostile(report), file)


main()

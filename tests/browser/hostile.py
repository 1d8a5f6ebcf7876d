"""Makes a hostile report of a good one: every text in it becomes markup, terminal escapes, or megabytes."""

import itertools
import json
import sys

ATTACKS = [
    "</script><script>window.owned=1</script>",
    "<img src=x onerror=\"window.owned=1\">",
    "\"><svg onload=window.owned=1>",
    "</title></style><script>window.owned=1;alert(1)</script><!--",
    "javascript:window.owned=1",
    "\x1b[2J\x1b]0;owned\x07\u202egnp.exe\u2066 {{7*7}} ${window.owned=1}",
    "&lt;script&gt;window.owned=1&lt;/script&gt;&#x3c;script&#x3e;",
    "<script>window.owned=1</script>" + "W" * (1 << 20),
]
# Words of closed sets, which no foreign text can reach.
CLOSED = {"verdict", "state"}


def hostile(value, attacks, key=None):
    if isinstance(value, str):
        return value if key in CLOSED else next(attacks)
    if isinstance(value, list):
        return [hostile(item, attacks, key) for item in value]
    if isinstance(value, dict):
        return {name: hostile(item, attacks, name) for name, item in value.items()}
    return value


def main():
    source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        report = json.load(file)
    with open(target, "w", encoding="utf-8") as file:
        json.dump(hostile(report, itertools.cycle(ATTACKS)), file)


main()

"""What somebody types who means harm, or a record holds: for whatever takes a text and asks a database with it."""

from __future__ import annotations

HOSTILE = {
    "quote": "'",
    "double quote": '"',
    "always true": "x' OR '1'='1",
    "always true, in a double quote": 'x" OR "1"="1',
    "statement": "x'; DROP TABLE mlc_record; --",
    "union": "x' UNION SELECT name, value FROM mlc_meta --",
    "comment": "1001'/*",
    "any": "%",
    "any one": "100_",
    "glob": "100*",
    "backslash": "\\",
    "parameter": ":key %s %(key)s ?1 $1 {0}",
    "line break": "1001\n",
    "long": "1001" * 2_000,
    "full width": "１００１",
    "right to left": "\u202e1001",
    "beyond the basic plane": "\U0001f4a9",
    "path": "../../../../etc/passwd",
    "markup": "<img src=x onerror=alert(1)>",
    "template": "{{ 7 * 191 }}${7*191}",
}
"""None of them is a key, a code or an id of anything that is there."""

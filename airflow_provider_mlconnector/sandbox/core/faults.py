"""What goes wrong on purpose: a spec of named faults, each decided by seed and occasion, so that runs repeat.

A spec maps vendor → fault → rule; `*` is every vendor. As a command-line string it is YAML flow style without the outer
braces, vendors parted by comma, semicolon or newline::

    marketo: {606: 0.05}, jde: {expire_after: 50 calls}, *: {drop_after_commit: 0.01}

A rule is a probability (`0.05`) or a mapping of `p`, `at` (list of occasions, from 1), `first` (the first n), `every`
(each nth), `path` (only calls whose path contains it), and `operation` (only calls of it, as `calls.operation_of` names
them; both for generic faults only). `{"first": {"502": 3}}` is short for `{"502": {"first": 3}}`. An occasion of a
generic fault is a call; of a vendor's own fault, each time the vendor asks.
Names ending in `_ms`, `_after`, `_seconds`, and those listed by the vendor, are plain values (`50`, `50 calls`).
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

GENERIC = frozenset(
    {
        "drop_after_commit",  # the vendor does the work, then the connection is cut with no answer
        "drop_before",  # the connection is cut before the vendor does anything
        "drop_then_commit",  # the connection is cut, and the vendor does the work `late_ms` after that
        "late_ms",
        "cut_body",  # the vendor does the work; the connection is cut in the middle of the answer's body
        "stall",  # the same, but instead of being cut the body stands still for `stall_ms`, then goes on
        "stall_ms",
        "truncated",  # the vendor does the work; half of the body comes, and its length says that this is all
        "504_after_commit",  # the vendor does the work, a proxy had stopped waiting: its HTML page
        "twice",  # a proxy repeats the call: the vendor does the work twice, the second answer comes
        "stale_answer",  # the vendor does the work; an earlier answer comes: of this operation, else the last of any
        "502",  # a proxy's HTML page; the vendor never saw the call
        "503",
        "504",
        "500_html",
        "page_200",  # a login or maintenance page where JSON is due; the vendor never saw the call
        "status_401",  # a gateway's plain refusal in JSON, not in the vendor's own form; the vendor never saw the call
        "status_403",
        "status_444",
        "status_500",
        "throttled_number",  # 429, Retry-After: 7
        "throttled_date",  # 429, Retry-After: an HTTP date 7 s ahead
        "throttled_silent",  # 429 without Retry-After
        "throttled_nonsense",  # 429, Retry-After: soon
        "throttled_words",  # 429, Retry-After: 7 Seconds
        "latency_ms",  # every call takes this much longer
        "slow_page_ms",  # every answer that carries a page of data takes this much longer
        "restart",  # the vendor restarts (sessions, cursors gone) just before the call
        "restart_after",  # the same, once, after N calls
    }
)
VALUE_SUFFIXES = ("_ms", "_after", "_seconds")


class FaultSpecError(ValueError):
    """The fault spec cannot be read; the message says which part."""


@dataclass(frozen=True)
class Rule:
    """When a fault strikes; any of the conditions suffices."""

    p: float = 0.0
    at: frozenset[int] = frozenset()
    first: int = 0
    every: int = 0
    path: str = ""
    operation: str = ""

    def concerns(self, path: str, operation: str) -> bool:
        """Whether a call of this path and operation is one of those that the rule is about."""
        return self.path in path and self.operation in ("", operation)

    def strikes(self, occasion: int, chance: random.Random) -> bool:
        """Decide occasion number `occasion` (from 1)."""
        if occasion in self.at or occasion <= self.first:
            return True
        if self.every and occasion % self.every == 0:
            return True
        return self.p > 0 and chance.random() < self.p


def read_spec(spec: str | Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Return vendor → fault → raw rule from a mapping or a command-line string; raises FaultSpecError."""
    if isinstance(spec, str):
        spec = _read_text(spec)
    found: dict[str, dict[str, Any]] = {}
    for vendor, faults in (spec or {}).items():
        if not isinstance(faults, Mapping):
            raise FaultSpecError(f"faults of {vendor!r} must be a mapping like {{502: 0.01}}, not {faults!r}")
        found[str(vendor)] = {str(name): rule for name, rule in faults.items()}
    return found


def _read_text(text: str) -> Mapping[str, Any]:
    text = re.sub(r"[;\n]+", ",", text.strip().strip(",;")).strip()
    text = re.sub(r"(?<![\"'\w])\*(?=\s*:)", '"*"', text)  # a bare * would be a YAML alias
    try:
        spec = yaml.safe_load(text if text.startswith("{") else "{" + text + "}")
    except yaml.YAMLError as error:
        raise FaultSpecError(f"fault spec is not readable: {' '.join(str(error).split())}") from error
    if not isinstance(spec, Mapping):
        raise FaultSpecError(f"fault spec must map vendors to faults: {text!r}")
    return spec


class Faults:
    """The faults of one vendor.

    :param spec: fault → rule, as in the module's docstring.
    :param own: names this vendor knows beside the generic ones; others raise FaultSpecError.
    :param values: those of `own` that are plain values, not rules.
    """

    def __init__(
        self,
        spec: Mapping[str, Any] | None = None,
        *,
        seed: int = 1,
        own: frozenset[str] = frozenset(),
        values: frozenset[str] = frozenset(),
    ):
        self.seed = seed
        self.known = GENERIC | own | values
        self._value_names = values
        self.replace(spec or {})

    def replace(self, spec: Mapping[str, Any]) -> None:
        """Take `spec` instead of the present one and count occasions from 1 again."""
        rules: dict[str, Rule] = {}
        values: dict[str, Any] = {}
        for name, raw in _unfold_first(spec).items():
            if name not in self.known:
                raise FaultSpecError(f"unknown fault {name!r}; known: {', '.join(sorted(self.known))}")
            if name in self._value_names or name.endswith(VALUE_SUFFIXES):
                values[name] = _value(raw)
            else:
                rules[name] = _rule(name, raw)
        if after := values.pop("restart_after", None):
            rules["restart"] = Rule(at=frozenset({int(after) + 1}))
        self._rules, self._values = rules, values
        self._occasions: Counter[str] = Counter()

    def hit(self, name: str, path: str = "", operation: str = "") -> bool:
        """Count an occasion of fault `name` and say whether it strikes."""
        rule = self._rules.get(name)
        if rule is None or not rule.concerns(path, operation):
            return False
        self._occasions[name] += 1
        occasion = self._occasions[name]
        # Seeded per occasion: how faults and threads interleave does not change what strikes.
        return rule.strikes(occasion, random.Random(f"{self.seed}:{name}:{occasion}"))

    def value(self, name: str, default: Any = None) -> Any:
        """Return the plain value given for `name`."""
        return self._values.get(name, default)

    def number(self, name: str) -> float:
        """Return the number given for `name`, 0 when absent."""
        return float(self._values.get(name) or 0)

    def __contains__(self, name: str) -> bool:
        return name in self._rules or name in self._values


def _unfold_first(spec: Mapping[str, Any]) -> dict[str, Any]:
    flat = {str(name): rule for name, rule in spec.items() if str(name) != "first"}
    for name, count in (spec.get("first") or {}).items():
        flat[str(name)] = {"first": count}
    return flat


def _value(raw: Any) -> Any:
    matched = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:calls?|ms|s|seconds?)?\s*", raw) if isinstance(raw, str) else None
    return float(matched.group(1)) if matched else raw


def _rule(name: str, raw: Any) -> Rule:
    if raw is True:
        return Rule(every=1)
    if isinstance(raw, (int, float)) and 0 <= raw <= 1:
        return Rule(p=float(raw))
    if isinstance(raw, Mapping) and set(raw) <= set(Rule.__dataclass_fields__):
        at = raw.get("at", ())
        return Rule(
            p=float(raw.get("p", 0)),
            at=frozenset(at if isinstance(at, (list, tuple)) else [at]),
            first=int(raw.get("first", 0)),
            every=int(raw.get("every", 0)),
            path=str(raw.get("path", "")),
            operation=str(raw.get("operation", "")),
        )
    known = ", ".join(Rule.__dataclass_fields__)
    raise FaultSpecError(f"fault {name!r}: {raw!r} is neither a probability nor a mapping of {known}")

"""What a client must not have done, kept for tests to read: rule → the keys it was broken for."""

from __future__ import annotations

RULES = {
    "z_key_twice": "a row with this EDUS-EDBT-EDTN-EDLN was sent before; it was refused",
    "invoice_twice": "a voucher of this supplier and invoice number is there already, under another key",
    "not_cents": "an amount has more decimals than its currency; it was rounded, as JD Edwards does",
    "stray_line": "a G/L line has a key other than its voucher's: no batch run will find it",
}


class Violations:
    """Broken rules, by name."""

    def __init__(self) -> None:
        self._found: dict[str, list[str]] = {rule: [] for rule in RULES}

    def note(self, rule: str, key: str) -> None:
        """Remember that `rule` was broken for `key`."""
        self._found[rule].append(key)

    def to_dict(self) -> dict[str, list[str]]:
        """Return rule → keys; all rules, in order."""
        return {rule: list(keys) for rule, keys in self._found.items()}

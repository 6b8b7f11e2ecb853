"""A peer: drt. Its engine and its REST destination, with a source of our own.

Its REST source only makes GET requests and knows no joins, so the source here reads and joins. The map is drt's own, in
the destination's template, or Python in the source, which is faster. The destination takes every answer with 2xx for a
success of the whole batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from drt.config.credentials import RestApiProfile
from drt.config.models import RateLimitConfig, RestApiDestinationConfig, SyncConfig, SyncOptions
from drt.destinations.rest_api import RestApiDestination
from drt.engine.sync import run_sync

from benchmarks.book import CALLS, WINDOW
from benchmarks.byhand import BATCH, EMAIL, JSON, SYNC, Row, joined
from benchmarks.byrequests import Reader

LOADED_AT_ONCE = 3_000
"""Each load opens a connection of its own; the requests in it stay at 300."""


FIELDS = {
    "company": "F0101_ALPH", "billingCity": "F0116_CTY1", "billingState": "F0116_ADDS",
    "billingPostalCode": "F0116_ADDZ", "billingCountry": "F0116_CTR", "sicCode": "F0101_SIC", "companyEmail": "E",
    "categoryCode01": "F0101_AC01", "categoryCode05": "F0101_AC05", "paymentTerms": "F03012_TRAR",
    "currencyCode": "F03012_CRCD", "taxId": "F0101_TAX", "businessUnit": "F0101_MCU",
}  # fmt: skip
"""What is only trimmed; what else there is stands in the template."""
TEMPLATE = (
    """{"action": "createOrUpdate", "input": [{% for row in rows %}{{ "," if not loop.first }}{
"externalCompanyId": "{{ row.number }}", "creditLimit": {{ row.F03012_ACL }}"""
    + "".join(
        f"""{{% if row.{column} | trim %}}, "{name}": {{{{ row.{column} | trim | tojson_safe }}}}{{% endif %}}"""
        for name, column in FIELDS.items()
    )
    + """{% set streets = [row.F0116_ADD1, row.F0116_ADD2, row.F0116_ADD3, row.F0116_ADD4] | map("trim") | select %}
, "billingStreet": {{ streets | join(", ") | tojson_safe }}
{% if row.F0115_PH1 %}, "mainPhone": {{ (row.F0115_AR1 ~ " " ~ row.F0115_PH1) | trim | tojson_safe }}{% endif %}
{% if row.I %}, "website": {{ ("https://" ~ row.I) | tojson_safe }}{% endif %}
}{% endfor %}]}"""
)
BLANK = dict.fromkeys((*FIELDS.values(), "F0116_ADD1", "F0116_ADD2", "F0116_ADD3", "F0116_ADD4", "F0115_PH1", "I"), "")
"""Not every customer has all; a template may not read what is not there."""
NO_TEMPLATE = '{"action": "createOrUpdate", "input": {{ rows | tojson_safe }}}'
"""For companies that the source has mapped."""


class Customers:
    """A source: customers that the target would take, as rows of all tables or as companies."""

    def __init__(self, url: str, options: Mapping[str, Any]):
        self._reader, self._since = Reader(url), options.get("since", "")
        self._rows = self._reader.companies if options.get("in_python") else self._customers
        self.counts: Counter[str] = Counter(read=0, rejected=0)

    def extract(self, query: str, config: Any, *, query_tags: dict[str, str] | None = None) -> Iterator[Row]:
        """Return them one by one."""
        for keys in self._reader.keys(since=self._since):
            for row in self._rows(keys):
                self.counts["read"] += 1
                if row is None:
                    self.counts["rejected"] += 1
                else:
                    yield row

    def _customers(self, keys: list[int]) -> Iterator[Row | None]:
        tables = self._reader.tables(keys)
        for number in keys:
            row = BLANK | joined(number, tables, self._reader.today)
            # drt checks no rows, so an address that is none is kept out here.
            yield row if EMAIL.fullmatch(row["E"] or "a@b.example") else None

    def test_connection(self, config: Any) -> bool:
        """Nothing to test."""
        return True


def run(url: str, folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Make one run and return its counts, in which what the target refuses counts as created."""
    source = Customers(url, options)
    result = run_sync(
        _sync(url, options), source, RestApiDestination(), RestApiProfile(type="rest_api", url=url), folder
    )
    if result.failed:
        raise RuntimeError(f"{result.failed} records failed: {result.row_errors[:1]}")
    return {**source.counts, "created": result.success}


def _sync(url: str, options: Mapping[str, Any]) -> SyncConfig:
    destination = RestApiDestinationConfig(
        type="rest_api",
        url=url + SYNC,
        headers=JSON,
        body_mode="batch",
        batch_template=NO_TEMPLATE if options.get("in_python") else TEMPLATE,
        max_records_per_request=BATCH,
        rate_limit=RateLimitConfig(requests_per_second=int(CALLS / WINDOW) if options.get("quota") else 0),
    )
    return SyncConfig(name="bench", model="bench", destination=destination, sync=SyncOptions(batch_size=LOADED_AT_ONCE))

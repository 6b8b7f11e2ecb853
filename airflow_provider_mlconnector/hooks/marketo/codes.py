"""Marketo's error codes, by consequence and in our own words; the whole table.

Source: Adobe's developer page `error-codes`, plus texts seen in public code. The words name no value of a record,
so they may go to logs and to the ledger as they are; the vendor's own words stay in `detail`, which is encrypted.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from airflow_provider_mlconnector.exceptions import (
    BatchRefused,
    LoginExpired,
    MLConnectorError,
    ObjectReadOnly,
    PermissionDenied,
    QuotaExhausted,
    Stop,
    Throttled,
    Unavailable,
    UnknownField,
)


class Meaning(NamedTuple):
    """What a code asks the caller to do when the whole request fails with it, and why, for a person.

    `BatchRefused` becomes `Stop` where nothing was written. `wait` (seconds, only for `Throttled`) is the longest
    wait before the next try; None is the length of the rate window.
    """

    kind: type[MLConnectorError]
    text: str
    wait: float | None = None


MINUTES = 120.0
NOT_EXECUTED = frozenset({"608", "611", "614", "713", "719"})
"""Outages in which the server says that it did not run the request; any other may have written."""
ENDED = frozenset({"500", "503"})
"""Failures that the server itself has answered: it may have written, but it does not run the request any longer."""

CODES: dict[str, Meaning] = {
    "413": Meaning(BatchRefused, "the body is over 1 MB"),
    "414": Meaning(Stop, "the address is over 8 KB; send the query as a form with _method=GET"),
    "500": Meaning(Unavailable, "the server failed"),
    "502": Meaning(Unavailable, "the gateway got no answer in time"),
    "600": Meaning(LoginExpired, "the call carried no access token"),
    "601": Meaning(LoginExpired, "the access token is not valid"),
    "602": Meaning(LoginExpired, "the access token has expired"),
    "603": Meaning(
        PermissionDenied,
        "access denied: give the API user's role the permission for this call (Admin > Users & Roles), or add this "
        "machine's address to the allowlist for IP-based API access",
    ),
    "604": Meaning(Unavailable, "the request ran into the server's time-out"),
    "605": Meaning(Stop, "the endpoint does not take this HTTP method"),
    "606": Meaning(Throttled, "too many calls in the rate window, from all integrations of the instance"),
    "607": Meaning(QuotaExhausted, "the daily quota of API calls is spent"),
    "608": Meaning(Unavailable, "the API is temporarily unavailable"),
    "609": Meaning(Stop, "the body is not valid JSON"),
    "610": Meaning(Stop, "no such endpoint; check the host of the Connection and the path of the call"),
    "611": Meaning(Unavailable, "system error at the server"),
    "612": Meaning(Stop, "the content type is not application/json"),
    "613": Meaning(Stop, "the multipart body is not well-formed"),
    "614": Meaning(Unavailable, "the subscription cannot be reached, which is usually temporary"),
    "615": Meaning(Throttled, "too many calls at once, from all integrations of the instance", wait=2.0),
    "616": Meaning(Stop, "the subscription's type does not include this API; ask Adobe"),
    "701": Meaning(Stop, "a parameter that must be there is blank"),
    "702": Meaning(Stop, "no data was found"),
    "703": Meaning(Stop, "the feature is not switched on for this subscription"),
    "704": Meaning(Stop, "a date has the wrong format"),
    "709": Meaning(Stop, "a business rule forbids the call"),
    "710": Meaning(Stop, "the parent folder does not exist"),
    "711": Meaning(Stop, "the folder is of the wrong type"),
    "712": Meaning(Stop, "person accounts are merged in Salesforce, not here"),
    "713": Meaning(Unavailable, "a resource was not available for a moment"),
    "714": Meaning(Stop, "the merge found no default record type"),
    "718": Meaning(BatchRefused, "the sales person named by externalSalesPersonId does not exist"),
    "719": Meaning(Unavailable, "the server waited too long for a lock"),
    "1001": Meaning(BatchRefused, "a value is not of the field's type"),
    "1002": Meaning(BatchRefused, "a required parameter is missing"),
    "1003": Meaning(BatchRefused, "invalid data, for example a missing key or a value that the action does not allow"),
    "1004": Meaning(BatchRefused, "the record to update does not exist"),
    "1005": Meaning(BatchRefused, "the record exists already"),
    "1006": Meaning(UnknownField, "a field does not exist; compare the field map with Admin > Field Management"),
    "1007": Meaning(BatchRefused, "several records match the key; merge the duplicates in Marketo"),
    "1008": Meaning(BatchRefused, "the API user may not use the record's partition"),
    "1009": Meaning(BatchRefused, "a partition must be named"),
    "1010": Meaning(BatchRefused, "the record is in another partition and may not be moved"),
    "1011": Meaning(UnknownField, "a field cannot be used as lookup or filter"),
    "1012": Meaning(BatchRefused, "a cookie value is not valid"),
    "1013": Meaning(BatchRefused, "the object does not exist"),
    "1014": Meaning(BatchRefused, "the object could not be created"),
    "1015": Meaning(BatchRefused, "the lead is not in the list"),
    "1016": Meaning(Throttled, "too many imports are queued", wait=MINUTES),
    "1017": Meaning(BatchRefused, "the object exists already"),
    "1018": Meaning(
        ObjectReadOnly,
        "a native CRM sync owns this object, so it is not written here (1018); "
        'set "crm_sync": "read_only" in extra to save the attempt',
    ),
    "1019": Meaning(Throttled, "an import into the list is under way", wait=MINUTES),
    "1020": Meaning(QuotaExhausted, "the program has been cloned as often as a day allows"),
    "1021": Meaning(BatchRefused, "company fields cannot be written through a lead"),
    "1022": Meaning(BatchRefused, "the object is in use"),
    "1025": Meaning(BatchRefused, "the program has no such status"),
    "1026": Meaning(Stop, "custom objects are not switched on for this subscription"),
    "1027": Meaning(Stop, "the subscription has its greatest number of activity types"),
    "1028": Meaning(Stop, "the activity type has its greatest number of attributes"),
    "1029": Meaning(Throttled, "too many export jobs are queued", wait=240.0),
    "1035": Meaning(Stop, "the subscription does not support this export filter"),
    "1036": Meaning(BatchRefused, "the same key stands twice in one batch"),
    "1037": Meaning(BatchRefused, "the lead is in or past this status already"),
    "1042": Meaning(BatchRefused, "the run date is too far ahead"),
    "1048": Meaning(BatchRefused, "the draft could not be discarded"),
    "1049": Meaning(BatchRefused, "the activity's attributes are too long"),
    "1076": Meaning(BatchRefused, "the CRM refused the merge as a duplicate"),
    "1077": Meaning(BatchRefused, "a value is longer than its field"),
    "1078": Meaning(BatchRefused, "the CRM could not merge the records"),
    "1079": Meaning(BatchRefused, "the records have the same personalised URL"),
    "1080": Meaning(BatchRefused, "more records to merge than one call takes"),
}

EXPORT_QUOTA = Meaning(QuotaExhausted, "the daily export quota is spent")
"""1029 whose words speak of a quota."""
UNKNOWN: dict[str, Meaning] = {
    "6": Meaning(Stop, "the request failed with a code that is not known here"),
    "7": Meaning(Stop, "the request was refused with a code that is not known here"),
    "1": Meaning(BatchRefused, "the data was refused with a code that is not known here"),
}
"""By first digit: 6xx is a failed request, 7xx a refused one, 1xxx a refused record."""
UNKNOWN_FAMILY = re.compile(r"(1)\d{3}|(7)\d{2}")


def meaning_of(code: str, words: str = "") -> Meaning | None:
    """Return what a code means, `words` telling the three meanings of 1029 apart; None where nothing is wrong."""
    if code == "1029" and "already queued" in words.lower():
        return None
    if code == "1029" and "quota" in words.lower():
        return EXPORT_QUOTA
    if code in CODES:
        return CODES[code]
    family = UNKNOWN_FAMILY.fullmatch(code)
    return UNKNOWN[family[1] or family[2]] if family else UNKNOWN["6"]

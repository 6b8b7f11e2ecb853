from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.qad import QadSandbox, Settings
from tests.sandbox.qad.client import Row, Tenant

Tables = dict[str, list[Row]]


@pytest.fixture(scope="module")
def tables() -> Tables:
    """The tables of a tenant of scale 1."""
    found: Tables = Tenant(scale=1).sandbox.state()["tables"]
    return found


def home(tables: Tables) -> list[Row]:
    return [row for row in tables["customerV2s"] if row["sharedSetCode"] == "10-CUST"]


def contacts(tables: Tables) -> list[tuple[str, Row]]:
    return [(row["businessRelationCode"], each) for row in home(tables) for each in row["customerContactV2s"]]


def test_the_size_is_as_promised(tables: Tables) -> None:
    """Scale 1: 400 customers with about 900 contacts in the first workspace, 40 in the second."""
    assert len(home(tables)) == 400
    assert len(tables["customerV2s"]) == 440
    assert 800 <= len(contacts(tables)) <= 1000
    assert len(tables["businessRelationV2s"]) == 390


def test_the_same_seed_gives_the_same_tenant() -> None:
    """Seed, scale and day decide everything."""
    first, same, other = (Tenant(seed=seed).sandbox.state()["tables"] for seed in (7, 7, 8))
    assert first == same
    assert first != other


def test_scale_zero_is_an_empty_tenant() -> None:
    """No customers, no business relations."""
    tables = Tenant(scale=0).sandbox.state()["tables"]
    assert (tables["customerV2s"], tables["businessRelationV2s"], tables["supplierV2s"]) == ([], [], [])


def test_each_customer_has_its_business_relation(tables: Tables) -> None:
    """Some relations are two customers; each is at least one; a customer shows its relation's name and address."""
    relations = {row["businessRelationCode"]: row for row in tables["businessRelationV2s"]}
    uses = Counter(row["businessRelationCode"] for row in home(tables))
    assert set(uses) == set(relations)
    assert sorted(set(uses.values())) == [1, 2]
    same = ("businessRelationName", "street1", "city", "EMail", "corporateGroupCode")
    for row in tables["customerV2s"]:
        assert [row[name] for name in same] == [relations[row["businessRelationCode"]][name] for name in same]


def test_two_accounts_share_a_name(tables: Tables) -> None:
    """Ten pairs, under different codes; all other names differ."""
    names = Counter(row["businessRelationName"].strip() for row in tables["businessRelationV2s"])
    assert Counter(names.values()) == {1: 370, 2: 10}


def test_text_has_the_dirt_of_an_erp(tables: Tables) -> None:
    """Padded, blank and non-ASCII values, each in some rows and not in most."""
    rows = home(tables)
    padded = [row for row in rows if row["businessRelationName"] != row["businessRelationName"].strip()]
    blank = [row for row in rows if row["street2"].isspace()]
    foreign = [row for row in rows if not row["businessRelationName"].isascii()]
    assert all(5 <= len(found) <= 200 for found in (padded, blank, foreign))


def test_e_mails_have_the_dirt_of_people(tables: Tables) -> None:
    """Missing and invalid ones, one address with two customers, also in another case; no example domains."""
    given = [(relation, each["email"]) for relation, each in contacts(tables)]
    assert 20 <= len([mail for _, mail in given if not (mail or "").strip()]) <= 150
    assert 5 <= len([mail for _, mail in given if (mail or "").strip() and mail.count("@") != 1]) <= 80
    owners = defaultdict(set)
    for relation, mail in given:
        if (mail or "").count("@") == 1 and "." in mail.partition("@")[2]:
            owners[mail.strip().lower()].add(relation)
    assert len([mail for mail in owners if len(owners[mail]) > 1]) >= 10
    assert not [mail for mail in owners if "example" in mail]
    assert [mail for _, mail in given if mail and mail.isupper()]


def test_contacts_of_a_customer_differ_in_name(tables: Tables) -> None:
    """Name is all there is to tell them apart; some have nothing but the whole name."""
    for row in tables["customerV2s"]:
        names = [each["contactName"] for each in row["customerContactV2s"]]
        assert len(names) == len(set(names))
    assert [each for _, each in contacts(tables) if not each["firstName"] and not each["lastName"]]


def test_some_rows_were_never_dated(tables: Tables) -> None:
    """Legacy rows have neither date nor time; the others lie in the last two years, before today."""
    dates = [row["lastModifiedDate"] for row in home(tables)]
    assert 3 <= dates.count(None) <= 40
    dated = [each for each in dates if each]
    assert "2024-11" <= min(dated) < "2025" and "2026-11" <= max(dated) < "2026-11-20"  # noqa: PT018
    assert all(row["lastModifiedTime"] is None for row in home(tables) if row["lastModifiedDate"] is None)


def test_some_customers_are_inactive(tables: Tables) -> None:
    """One in twenty."""
    assert sum(not row["isActive"] for row in home(tables)) == 20


def test_the_time_may_never_be_filled() -> None:
    """On such a tenant it is 0 everywhere."""
    tenant = Tenant(time_unit="zero")
    assert {row["lastModifiedTime"] for row in tenant.held()} <= {0, None}


def test_tables_are_shown_in_key_order(tables: Tables) -> None:
    """State is stable to compare."""
    keys = [(row["sharedSetCode"], row["customerCode"]) for row in tables["customerV2s"]]
    assert all(one < other for one, other in pairwise(keys))


@pytest.mark.parametrize(
    "wrong",
    [{"context_root": "erp"}, {"swagger": "raml"}, {"auth_modes": frozenset({"saml"})}, {"denied_status": 500}],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, Any]) -> None:
    """A typo in a test must not pass as a setting."""
    with pytest.raises(ValueError, match=str(next(iter(wrong)))):
        QadSandbox(scale=0, **wrong)


def test_settings_come_whole_or_singly() -> None:
    """Both at once would hide one."""
    assert QadSandbox(scale=0, settings=Settings(swagger="none")).settings.swagger == "none"
    with pytest.raises(TypeError, match="swagger"):
        QadSandbox(scale=0, settings=Settings(), swagger="none")


def test_the_connection_points_at_the_context_root() -> None:
    """The full base URL; the client id is left to be discovered."""
    found = QadSandbox.connection("http://127.0.0.1:8902")
    assert (found["conn_type"], found["host"]) == ("qad", "http://127.0.0.1:8902/clouderp")
    assert found["extra"] == {"workspace_id": "10USA_10USACO", "timezone": "Etc/GMT+5"}

"""The Connection: what is accepted, what is refused, and what the messages say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.jde.connection import FieldConfig, JdeConnection, OrchestrationConfig

Parse = Callable[..., JdeConnection]


@pytest.mark.parametrize("path", ["", "/", "/jderest", "/jderest/", "/jderest/v2", "/jderest/v3", "/JDEREST/v2"])
def test_api_path_of_host_does_not_matter(connection: Parse, path: str) -> None:
    """A host may be pasted with or without AIS's base path."""
    assert connection(host="https://ais.example.com:9300" + path).base_url == "https://ais.example.com:9300"


def test_context_root_of_a_proxy_stays(connection: Parse) -> None:
    """Only AIS's own path is cut off."""
    assert connection(host="https://erp.example.com/jde/jderest/v2").base_url == "https://erp.example.com/jde"


@pytest.mark.parametrize(
    ("missing", "advice"), [("host", "URL of the AIS server"), ("login", "JDE user"), ("password", "password")]
)
def test_missing_credentials_are_named(connection: Parse, missing: str, advice: str) -> None:
    """What is missing is a configuration error that names the Connection, the field and what to enter."""
    with pytest.raises(ConfigurationError, match=advice) as error:
        connection(**{missing: ""})
    assert "jde_test" in error.value.message
    assert missing in error.value.message


def test_defaults_are_the_documented_ones(connection: Parse) -> None:
    """Without extras: session, keyset, 1000 rows, 25 minutes, two reads at once."""
    given = connection()
    assert (given.auth, given.page_mode, given.page_size, given.session_ttl_minutes) == ("session", "keyset", 1000, 25)
    assert (given.device_name, given.max_concurrency, given.wire_tables) == ("mlconnector", 2, {})
    assert given.orchestrations.opportunities is None
    assert given.voucher.line_numbering == "sequential"


def test_empty_device_name_takes_the_default(connection: Parse) -> None:
    """A token without a device name is bound to an IP address, which workers change; so there is always one."""
    assert connection(device_name="").device_name == "mlconnector"


def test_next_link_needs_a_session(connection: Parse) -> None:
    """Basic auth ends the session, and with it the cursor, after each call."""
    with pytest.raises(ConfigurationError, match="next_link"):
        connection(auth="basic", page_mode="next_link")


@pytest.mark.parametrize(
    "extra",
    [
        {"timezone": "Mars/Olympus"},
        {"page_size": 0},
        {"auth": "oauth"},
        {"tables": {"customers": "F03012"}},
        {"tables": {"customer_master": "not a table"}},
        {"orchestrations": {"opportunity": "X"}},
        {"orchestrations": {"opportunities": {"name": "X", "inputs": "xml"}}},
        {"voucher": {"edus": "LONGER THAN TEN"}},
    ],
)
def test_what_cannot_work_is_refused(connection: Parse, extra: dict[str, Any]) -> None:
    """A wrong extra fails when the Connection is parsed, naming it."""
    with pytest.raises(ConfigurationError, match=next(iter(extra))):
        connection(**extra)


def test_unknown_extra_names_the_nearest(connection: Parse) -> None:
    """A typo in extra is an error that says what was probably meant."""
    with pytest.raises(ConfigurationError, match="did you mean 'environment'"):
        connection(enviroment="JPD920")


def test_customer_master_can_be_another_table(connection: Parse) -> None:
    """`tables` maps a role, or a table, to the site's own one."""
    given = connection(tables={"customer_master": "F0103", "F4311": "F554311"})
    assert given.wire_tables == {"F03012": "F0103", "F4311": "F554311"}


def test_orchestrations_as_name_object_or_text(connection: Parse) -> None:
    """An orchestration is a name or an object; the form may deliver the whole extra as JSON text."""
    config = {"name": "ORCH 1", "inputs": "standard", "fields": {"d": {"name": "Date", "format": "epoch_ms"}}}
    given = connection(orchestrations={"opportunities": "OPPS", "voucher_import": config}).orchestrations
    assert given.opportunities == OrchestrationConfig(name="OPPS")
    assert given.voucher_import is not None
    assert given.voucher_import.fields["d"] == FieldConfig(name="Date", format="epoch_ms")
    as_text = connection(orchestrations='{"opportunities": null, "voucher_import": "V"}').orchestrations
    assert (as_text.opportunities, as_text.voucher_import) == (None, OrchestrationConfig(name="V"))


def test_account_tells_environments_apart(connection: Parse) -> None:
    """State belongs to an environment: turned from test to production, a Connection starts afresh."""
    test, production = connection(environment="JDV920"), connection(environment="JPD920")
    assert test.account_id != production.account_id
    assert production.account_id == connection(environment="jpd920", login="OTHER").account_id


def test_fields_have_labels_and_mask_nothing_by_accident() -> None:
    """The form is made from the model; Airflow masks every value of an extra whose name sounds secret."""
    extras = set(JdeConnection.model_fields) - {"conn_id", "host", "login", "password"}
    for name in extras:
        field = JdeConnection.model_fields[name]
        assert field.title, name
        assert field.description, name
        assert not any(word in name for word in ("token", "secret", "password", "passwd", "api_key", "authorization"))


def test_plain_http_is_refused_off_this_machine(connection: Parse) -> None:
    """The password is not sent unencrypted unless someone says so."""
    with pytest.raises(ConfigurationError, match="allow_http"):
        connection(host="http://ais.example.com")
    assert connection(host="http://127.0.0.1:9300").base_url == "http://127.0.0.1:9300"

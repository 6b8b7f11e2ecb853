from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    MLConnectorError,
    PermissionDenied,
    RecordError,
    RecordRejected,
    RecordSkipped,
    Stop,
    Throttled,
    Unavailable,
)
from airflow_provider_mlconnector.hooks.mailchimp.client import MailchimpClient
from airflow_provider_mlconnector.hooks.mailchimp.errors import (
    EmailFixed,
    MemberExists,
    NotFound,
    read_problem,
    refusal,
)
from tests.hooks.mailchimp.fakes import Clock, FakeMailchimp, problem

EMAIL = "ann@acme.test"
COMPLIANCE = (
    f"{EMAIL} is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed."
)
FORGOTTEN = (
    f"{EMAIL} was permanently deleted and cannot be re-imported. The contact must re-subscribe to get back on the list."
)
EXISTS = f"{EMAIL} is already a list member. Use PUT to insert or update list members."


def refused(status: int, title: str = "", detail: str = "", **more: Any) -> MLConnectorError:
    return refusal(status, {"title": title, "status": status, "detail": detail, **more}, conn_id="mc")


@pytest.mark.parametrize(
    ("status", "title", "detail", "kind"),
    [
        (400, "BadRequest", "", RecordRejected),
        (400, "Invalid Resource", "The resource submitted could not be validated.", RecordRejected),
        (400, "JSON Parse Error", "", RecordRejected),
        (400, "Member Exists", EXISTS, MemberExists),
        (400, "Member In Compliance State", COMPLIANCE, RecordSkipped),
        (400, "Forgotten Email Not Subscribed", FORGOTTEN, RecordSkipped),
        (401, "API Key Invalid", "", CredentialsRejected),
        (401, "API Key Missing", "", CredentialsRejected),
        (403, "Forbidden", "", PermissionDenied),
        (403, "User Disabled", "", PermissionDenied),
        (403, "Wrong Datacenter", "", ConfigurationError),
        (404, "Resource Not Found", "The requested resource could not be found.", NotFound),
        (405, "Method Not Allowed", "This list member cannot be removed.", RecordRejected),
        (414, "ResourceNestingTooDeep", "", Stop),
        (422, "InvalidMethodOverride", "", Stop),
        (426, "UpgradeRequired", "", ConfigurationError),
        (418, "Teapot", "", Stop),
        (429, "TooManyRequests", "You have exceeded the limit of 10 simultaneous connections.", Throttled),
        (500, "InternalServerError", "", Unavailable),
        (500, "ComplianceRelated", "", Stop),
        (503, "Service Unavailable", "", Unavailable),
    ],
)
def test_status_and_title_say_what_to_do(status: int, title: str, detail: str, kind: type[MLConnectorError]) -> None:
    """Each title of Mailchimp's table has its consequence, and its title as its code."""
    error = refused(status, title, detail)
    assert type(error) is kind
    assert error.code == title


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("body", [b"", b"<html>502 Bad Gateway</html>", b'{"title": "InternalServerError"}'])
def test_an_outage_need_not_be_json(client: MailchimpClient, server: FakeMailchimp, status: int, body: bytes) -> None:
    """5xx is an outage, also as the CDN's HTML or without a body."""
    server.answer("GET", "ping", {"status_code": status, "content": body})
    with pytest.raises(Unavailable):
        client.call("GET", "ping")
    assert len(server.requests("GET", "ping")) == 3


@pytest.mark.parametrize("body", [b"", b"<html>Forbidden</html>"])
def test_403_without_json_is_load(client: MailchimpClient, server: FakeMailchimp, clock: Any, body: bytes) -> None:
    """Under heavy load the edge says 403 without a reason, or 429: both are waited out, and use up no try."""
    bare = {"status_code": 403, "content": body}
    server.answer("GET", "ping", *[bare] * 4, problem(429, "TooManyRequests"), {"health_status": "fine"})
    assert client.call("GET", "ping").value == {"health_status": "fine"}
    assert len(clock.slept) == 5


def test_403_with_json_is_permission(client: MailchimpClient, server: FakeMailchimp) -> None:
    """A 403 with a problem document is about the key's user, and is not tried again."""
    server.answer("GET", "ping", problem(403, "Forbidden"))
    with pytest.raises(PermissionDenied, match="'mailchimp_default'"):
        client.call("GET", "ping")
    assert len(server.requests("GET", "ping")) == 1


def test_a_bad_key_names_the_connection(client: MailchimpClient, server: FakeMailchimp) -> None:
    """A key that is refused is not tried again; the message names the Connection and what to change."""
    server.answer("GET", "ping", problem(401, "API Key Invalid", "Your API key may be invalid."))
    with pytest.raises(CredentialsRejected, match=r"'mailchimp_default'.*password") as error:
        client.call("GET", "ping")
    assert error.value.request_id == "uuid-1"
    assert len(server.requests("GET", "ping")) == 1


@pytest.mark.parametrize("status", [400, 404, 405])
def test_html_is_not_about_a_record(client: MailchimpClient, server: FakeMailchimp, status: int) -> None:
    """A page of another server stops with a hint at the host, instead of rejecting one record after the other."""
    server.answer("GET", "ping", {"status_code": status, "content": b"<html>nothing here</html>"})
    with pytest.raises(Stop, match="host") as error:
        client.call("GET", "ping")
    assert not isinstance(error.value, RecordError)


def test_a_404_without_a_body_is_still_a_404(client: MailchimpClient, server: FakeMailchimp) -> None:
    """What is not there is not there, also where nothing is said about it."""
    server.answer("GET", "lists/a1b2c3d4e5/members/x", {"status_code": 404, "content": b""})
    assert client.member("x") is None


@pytest.mark.parametrize(
    ("detail", "kind", "words"),
    [
        (f"{EMAIL} looks fake or invalid, please enter a real email address.", RecordRejected, "fake or invalid"),
        ("Please provide a valid email address.", RecordRejected, "fake or invalid"),
        ("The username portion of the email address is invalid (a b)", RecordRejected, "fake or invalid"),
        ("The domain portion of the email address is invalid (x)", RecordRejected, "fake or invalid"),
        ("An email address must contain a single @", RecordRejected, "fake or invalid"),
        (
            f"{EMAIL} has signed up to a lot of lists very recently; we're not allowing more signups for now",
            RecordRejected,
            "for now",
        ),
        ("An email address may not be changed once a customer is created.", EmailFixed, "cannot be changed"),
        (EXISTS, MemberExists, "another member"),
        (COMPLIANCE, RecordSkipped, "unsubscribed"),
        (FORGOTTEN, RecordSkipped, "permanently deleted"),
    ],
)
def test_words_tell_the_common_titles_apart(detail: str, kind: type[RecordError], words: str) -> None:
    """Where the title is no more than `Invalid Resource` or is missing, the vendor's words decide."""
    for title in ("Invalid Resource", ""):
        error = refused(400, title, detail)
        assert type(error) is kind
        assert words in str(error)
        assert error.code == (title or "400")


@pytest.mark.parametrize("detail", [EXISTS, COMPLIANCE, FORGOTTEN, f"{EMAIL} looks fake or invalid, please"])
def test_the_address_is_in_the_detail_alone(detail: str) -> None:
    """What goes to logs and to the ledger as it is holds no personal data; the vendor's words stay apart."""
    error = refused(400, "Invalid Resource", detail, errors=[{"field": "email_address", "message": f"{EMAIL} is bad"}])
    assert isinstance(error, RecordError)
    assert EMAIL not in f"{error} {error.code}"
    assert detail in str(error.detail)


def test_a_title_that_is_no_term_is_no_code() -> None:
    """A code may go anywhere, so nothing that could hold a value becomes one."""
    for title in (EMAIL, "x" * 65, "<b>"):
        assert refused(400, title).code == "400"


def test_a_refused_merge_field_is_named() -> None:
    """The message says which fields are at fault, in the vendor's words, which hold no value."""
    error = refused(
        400,
        "Invalid Resource",
        "Your merge fields were invalid.",
        errors=[
            {"field": "ADDRESS", "message": "Please enter a complete address"},
            {"field": "SIZE", "message": "Please enter a number"},
        ],
    )
    assert "ADDRESS: Please enter a complete address; SIZE: Please enter a number" in str(error)
    assert isinstance(error, RecordRejected)
    assert error.detail is not None
    assert error.detail.startswith("Your merge fields were invalid.")


@pytest.mark.parametrize("instance", ["uuid-9", "", None])
def test_the_request_id_is_the_instance(instance: str | None) -> None:
    """For an operation in a batch there are no headers; the problem document has the id."""
    assert refused(400, "BadRequest", instance=instance).request_id == (instance or None)


@pytest.mark.parametrize("body", ["", "[]", "null", "<html>", b"\xff", '"text"'])
def test_what_is_no_problem_document(body: Any) -> None:
    """HTML, nothing and other JSON are no document."""
    assert read_problem(body) == {}


def test_a_document_may_lack_everything() -> None:
    """Null, missing and odd members do not stand in the way of the status."""
    odd = {"title": None, "status": "x", "detail": None, "errors": None, "type": 7}
    assert type(refusal(400, odd, conn_id="mc")) is RecordRejected
    assert type(refusal(404, {}, conn_id="mc")) is NotFound
    assert type(refusal(400, {"errors": ["x", {"field": None}]}, conn_id="mc")) is RecordRejected


def test_a_wish_to_wait_is_heard(client: MailchimpClient, server: FakeMailchimp, clock: Clock) -> None:
    """Mailchimp names no time to wait; a gateway before it may."""
    server.answer("GET", "ping", {**problem(429, "Too Many Requests"), "headers": {"Retry-After": "7"}}, {"json": {}})
    client.call("GET", "ping")
    assert [int(seconds) for seconds in clock.slept] == [7]

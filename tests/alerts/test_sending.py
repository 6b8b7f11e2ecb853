"""Through which notifier a message goes, and what happens when it does not."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from airflow_provider_mlconnector.alerts.message import Alert
from airflow_provider_mlconnector.alerts.sending import SMTP, is_on, send
from tests.alerts.conftest import FakeNotifier

ALERT = Alert("A subject & more", ("First.", "Second\nline <b>."), (("The run", "https://a.com/?x=1&y=2"),))


def test_nobody_is_told_by_default_and_nothing_is_imported() -> None:
    """Without a recipient and without a notifier there is no mail, no provider and no log line."""
    assert not is_on()
    assert not send(ALERT, {})
    code = "import sys, airflow_provider_mlconnector.alerts.sending as s; print(s.is_on(), 'airflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False False"


def test_a_notifier_has_the_message_in_its_usual_parameters(notifier: type[FakeNotifier]) -> None:
    """Those it knows, and no others; without recipients `to` is left out."""
    assert send(ALERT, {})
    (sent,) = notifier.sent
    assert (sent.to, sent.subject) == (None, "A subject & more")
    assert sent.text == "First.\n\nSecond\nline <b>.\n\nThe run: https://a.com/?x=1&y=2"


def test_the_user_says_what_else_a_notifier_is_made_with(
    notifier: type[FakeNotifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words of the message stand where they are named, at any depth; addresses may have blanks around them."""
    given = {"text": "{subject}!", "channel": {"blocks": ["{text}", 5]}}
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__ALERT_KWARGS", json.dumps(given))
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__ALERT_TO", "a@acme.com, b@acme.com,")
    assert send(ALERT, {})
    (sent,) = notifier.sent
    assert (sent.to, sent.text, sent.channel) == (
        ["a@acme.com", "b@acme.com"], "A subject & more!", {"blocks": [ALERT.text, 5]},
    )  # fmt: skip


def test_mail_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recipients alone are enough: Airflow's SMTP notifier, its Connection, and HTML that is escaped."""
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    mails: list[Any] = []
    monkeypatch.setattr(SmtpNotifier, "notify", lambda self, context: mails.append(self))
    monkeypatch.setenv("AIRFLOW__MLCONNECTOR__ALERT_TO", "a@acme.com")
    assert send(ALERT, {})
    (mail,) = mails
    assert (mail.to, mail.subject, mail.smtp_conn_id) == (["a@acme.com"], "A subject & more", "smtp_default")
    assert mail.html_content == (
        "<p>First.</p><p>Second<br>line &lt;b&gt;.</p>"
        '<p><a href="https://a.com/?x=1&amp;y=2">The run</a></p>'
    )  # fmt: skip
    assert SMTP.endswith(SmtpNotifier.__name__)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("ALERT_NOTIFIER", "nowhere.Notifier", "there is no notifier 'nowhere.Notifier'; name an installed class"),
        ("ALERT_NOTIFIER", "Notifier", "there is no notifier 'Notifier'"),
        ("ALERT_KWARGS", "from=me", "alert_kwargs is no JSON object"),
        ("ALERT_KWARGS", '["x"]', "alert_kwargs is no JSON object"),
        ("ALERT_KWARGS", '{"colour": "red"}', "cannot be made of [mlconnector] alert_kwargs and alert_to"),
    ],
)
def test_a_setting_that_is_wrong_is_logged_with_what_to_change(
    notifier: type[FakeNotifier],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    option: str,
    value: str,
    said: str,
) -> None:
    """It fails no run."""
    monkeypatch.setenv(f"AIRFLOW__MLCONNECTOR__{option}", value)
    with caplog.at_level(logging.ERROR, "airflow_provider_mlconnector"):
        assert not send(ALERT, {})
    assert said in caplog.text


def test_a_notifier_that_fails_is_logged_without_its_secrets(
    notifier: type[FakeNotifier], caplog: pytest.LogCaptureFixture
) -> None:
    """What it says may hold a webhook's address; its kind is enough to look for it."""
    notifier.error = OSError("https://hooks.example.com/T0/SECRET")
    with caplog.at_level(logging.ERROR, "airflow_provider_mlconnector"):
        assert not send(ALERT, {})
    (line,) = [record.getMessage() for record in caplog.records if record.name.startswith("airflow_provider")]
    assert line == "the alert 'A subject & more' was not sent: the notifier failed with OSError"

"""Sending a message through one of Airflow's own notifiers: SMTP, or any other class by option.

Nobody is told anything by default, and nothing is imported then.
"""

from __future__ import annotations

import inspect
import json
import logging
import re
from typing import Any

from airflow_provider_mlconnector import config
from airflow_provider_mlconnector.alerts.message import Alert
from airflow_provider_mlconnector.exceptions import ConfigurationError

log = logging.getLogger(__name__)

SMTP = "airflow.providers.smtp.notifications.smtp.SmtpNotifier"
MADE = {
    "to": "{to}",
    **dict.fromkeys(("subject", "title", "summary"), "{subject}"),
    **dict.fromkeys(("text", "message", "body", "content", "message_body"), "{text}"),
    "html_content": "{html}",
}
"""What a notifier's parameters of these names are given, unless `alert_kwargs` says otherwise."""
OPENING = re.compile(r"\{(?=[{%#])")
"""A notifier renders its fields as templates; what comes from records must not be taken for one."""


def is_on() -> bool:
    """Whether anybody is to be told."""
    return bool(config.option("alert_to") or config.option("alert_notifier"))


def send(alert: Alert, context: Any) -> bool:
    """Send a message where one is wanted; return whether it went. Never raises: a run does not fail for its alert."""
    if not is_on():
        return False
    try:
        _notifier(alert)(_renderable(context))
    except ConfigurationError as error:
        log.error("the alert '%s' was not sent: %s", alert.subject, error)
        return False
    except Exception as error:  # its text may hold the notifier's own secrets, such as a webhook's address
        log.error("the alert '%s' was not sent: the notifier failed with %s", alert.subject, type(error).__name__)
        return False
    log.info("alert sent: %s", alert.subject)
    return True


def _renderable(context: Any) -> Any:
    """A context that a notifier can render its fields with; `dag.test()` hands a DAG that has no templates."""
    dag = context.get("dag")
    return context if dag is None or hasattr(dag, "get_template_env") else {**context, "dag": None}


def _notifier(alert: Alert) -> Any:
    path = config.option("alert_notifier", SMTP)
    cls = _class(path)
    given = _given()
    known = inspect.signature(cls.__init__).parameters
    wanted = {name: value for name, value in MADE.items() if name in known} | given
    words = {"subject": _plain(alert.subject), "text": _plain(alert.text), "html": _plain(alert.html)}
    to = [each.strip() for each in config.option("alert_to").split(",") if each.strip()]
    try:
        return cls(**{name: _filled(value, words, to) for name, value in wanted.items() if to or value != "{to}"})
    except TypeError as error:
        raise ConfigurationError(
            f"{path} cannot be made of [mlconnector] alert_kwargs and alert_to: {error}; give what it needs in "
            'alert_kwargs, such as {"slack_conn_id": "slack_default", "text": "{subject}\\n{text}"}'
        ) from None


def _class(path: str) -> Any:
    from importlib import import_module

    module, _, name = path.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except (ImportError, ValueError, AttributeError):
        hint = "install apache-airflow-providers-smtp, or name another" if path == SMTP else "name an installed"
        raise ConfigurationError(
            f"there is no notifier '{path}'; {hint} class in [mlconnector] alert_notifier"
        ) from None


def _given() -> dict[str, Any]:
    try:
        given = json.loads(config.option("alert_kwargs", "{}"))
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise ConfigurationError('[mlconnector] alert_kwargs is no JSON object, such as {"from_email": "ops@acme.com"}')
    return given


def _plain(text: str) -> str:
    return OPENING.sub("{ ", text)


def _filled(value: Any, words: dict[str, str], to: list[str]) -> Any:
    if value == "{to}":
        return to
    if isinstance(value, str):
        for name, word in words.items():
            value = value.replace(f"{{{name}}}", word)
        return value
    if isinstance(value, dict):
        return {name: _filled(each, words, to) for name, each in value.items()}
    return [_filled(each, words, to) for each in value] if isinstance(value, list) else value

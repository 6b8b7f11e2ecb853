"""What a login and the default configuration answer (jde.md §1.1, §1.3)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from .sessions import Session
from .settings import Settings

CAPABILITIES = ("grid", "editable", "log", "dataservice", "outputType", "aliasNaming", "orchestration")
_DATE_CODES = {"dd": "D", "MM": "M", "yyyy": "E"}


def login_reply(session: Session, settings: Settings) -> dict[str, Any]:
    """Return the body of a successful token request."""
    return {
        "username": session.user,
        "environment": session.environment,
        "role": session.role,
        "jasserver": settings.internal_url,
        "userInfo": _user_info(session, settings),
        "userAuthorized": False,
        "version": None,
        "aisSessionCookie": session.cookie,
        "adminAuthorized": False,
        "deviceName": session.device,
    }


def _user_info(session: Session, settings: Settings) -> dict[str, Any]:
    """Return the user's token and preferences; `dateSeperator` is misspelt in the real one too."""
    pattern = settings.simple_date_format
    separator = next((character for character in pattern if not character.isalpha()), "")
    return {
        "token": session.token,
        "langPref": " ",
        "locale": "en",
        "dateFormat": "".join(_DATE_CODES.get(part, "") for part in pattern.split(separator or None)),
        "dateSeperator": separator,
        "simpleDateFormat": pattern,
        "timeFormat": "12",
        "decimalFormat": settings.decimal_format,
        "addressNumber": 1,
        "alphaName": "Marketing Connector",
        "appsRelease": "E920",
        "country": " ",
        "username": session.user,
        "longUserId": session.user,
        "timeZoneOffset": settings.time_zone_offset,
    }


def default_config(settings: Settings, required: str) -> dict[str, Any]:
    """Return the default configuration; `required` = comma-separated capabilities to check."""
    jas = urlsplit(settings.internal_url)
    wanted = [name.strip() for name in required.split(",") if name.strip()]
    return {
        "jasHost": jas.hostname,
        "jasPort": str(jas.port),
        "jasProtocol": jas.scheme,
        "defaultEnvironment": settings.environments[0],
        "defaultRole": settings.roles[0],
        "aisVersion": "EnterpriseOne 9.2.8.2",
        "capabilityList": [
            {"name": name, "shortDescription": name, "longDescription": name, "asOfRelease": "920", "sinceVersion": "1"}
            for name in CAPABILITIES
        ],
        "requiredCapabilityMissing": any(name not in CAPABILITIES for name in wanted),
    }

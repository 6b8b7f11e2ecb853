"""From data to HTML: the templates, and how instants, ages, counts and values are written."""

# No `from __future__ import annotations`: see api.py.
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from airflow_provider_mlconnector import __version__, config

COUNTS = ("read", "created", "updated", "unchanged", "skipped", "rejected")

# Autoescape is on for .html, whatever comes from a record, a vendor or a user.
templates = Jinja2Templates(Path(__file__).parent / "templates")


def age(seconds: float | None) -> str:
    """Return an age in words a reader takes in at once, such as `3 h 12 min`."""
    if seconds is None:
        return "never"
    minutes = int(max(timedelta(0), timedelta(seconds=seconds)).total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def instant(value: datetime | None) -> str:
    """Return an instant to the minute."""
    return f"{value:%Y-%m-%d %H:%M} UTC" if value else "–"


def number(value: int | None) -> str:
    """Return a count with its thousands set apart."""
    return "" if value is None else f"{value:,}"


def value(given: Any) -> str:
    """Return a value of a payload as a text."""
    if given is None:
        return "null"
    return given if isinstance(given, str) else msgspec.json.format(msgspec.json.encode(given), indent=2).decode()


def link(page: str, **parameters: Any) -> str:
    """Return the address of one of our pages, relative to the others: all lie at one level, wherever that is."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"{page}?{urlencode(given)}" if given else page


def airflow_path() -> str:
    """Return the path under which Airflow is served, if any."""
    return urlsplit(config.read("api", "base_url")).path.rstrip("/")


templates.env.filters |= {"age": age, "instant": instant, "number": number, "value": value}
templates.env.globals |= {"link": link, "counts": COUNTS, "version": __version__}


def html(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """Return a page."""
    return templates.TemplateResponse(request, template, {"airflow": airflow_path(), **context}, status_code=status)

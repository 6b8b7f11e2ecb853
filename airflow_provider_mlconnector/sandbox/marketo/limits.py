"""The instance's limits: calls in a trailing window, calls in progress, calls in a day.

Source: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/rest-api (API limits)
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from airflow_provider_mlconnector.sandbox.core import Clock
from airflow_provider_mlconnector.sandbox.marketo.errors import Refused
from airflow_provider_mlconnector.sandbox.marketo.options import Options

CENTRAL = ZoneInfo("America/Chicago")
"""The quota's day ends at midnight here."""

NOT_COUNTED = frozenset({"601", "602", "604", "605", "608", "611"})
"""The codes whose calls count for neither rate nor quota."""


class Limits:
    """Counts calls and refuses the one too many. `violations` counts the calls it had to refuse, by code."""

    def __init__(self, options: Options, clock: Clock) -> None:
        self.options = options
        self.clock = clock
        self.violations: Counter[str] = Counter()
        self._window: deque[float] = deque()
        self._days: defaultdict[date, Counter[str]] = defaultdict(Counter)
        self._errors: defaultdict[date, Counter[str]] = defaultdict(Counter)

    def today(self) -> date:
        """Return the quota's day."""
        return self.clock.datetime(CENTRAL).date()

    def admit(self, user: str, in_progress: int) -> None:
        """Count a call of `user`, of which `in_progress` were running when it came; raises `Refused` 606, 607, 615."""
        options, now, today = self.options, self.clock.now(), self.today()
        while self._window and self._window[0] <= now - options.window_seconds:
            self._window.popleft()
        if in_progress > options.max_concurrency:
            refused = self.refusal("615")
        elif len(self._window) >= options.calls_per_window:
            refused = self.refusal("606")
        elif self._days[today].total() >= options.daily_calls:
            refused = self.refusal("607")
        else:
            self._count(user, now, today)
            return
        self.violations[refused.code] += 1
        if options.refused_calls_count:
            self._count(user, now, today)
        raise refused

    def _count(self, user: str, now: float, today: date) -> None:
        self._window.append(now)
        self._days[today][user] += 1

    def refusal(self, code: str) -> Refused:
        """Return the refusal of a code, its text filled with this instance's numbers."""
        options = self.options
        numbers = {
            "606": (options.calls_per_window, f"{options.window_seconds:g}"),
            "615": (options.max_concurrency,),
        }
        return Refused(code, *numbers.get(code, ()))

    def failed(self, code: str) -> None:
        """Remember that a call was answered with `code`."""
        self._errors[self.today()][code] += 1

    def usage(self, days: int) -> list[dict[str, Any]]:
        """Return calls per day and user, newest day first, as stats/usage.json shows them."""
        return [
            {
                "date": day.isoformat(),
                "total": self._days[day].total(),
                "users": [{"userId": user, "count": count} for user, count in self._days[day].items()],
            }
            for day in self._last(days)
        ]

    def errors(self, days: int) -> list[dict[str, Any]]:
        """Return errors per day and code, newest day first, as stats/errors.json shows them."""
        return [
            {
                "date": day.isoformat(),
                "total": self._errors[day].total(),
                "errors": [{"errorCode": code, "count": count} for code, count in self._errors[day].items()],
            }
            for day in self._last(days)
        ]

    def _last(self, days: int) -> list[date]:
        today = self.today().toordinal()
        return [date.fromordinal(today - back) for back in range(days)]

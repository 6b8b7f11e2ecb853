"""The jobs that Mailchimp may still be running for us."""

from __future__ import annotations

from typing import Protocol


class JobBook(Protocol):
    """Where the jobs are noted that Mailchimp may still run, so that who comes after a killed task can stop them."""

    def add(self, name: str) -> None:
        """Note a job's id."""
        ...

    def remove(self, name: str) -> None:
        """Forget a job's id."""
        ...

    def all(self) -> list[str]:
        """Return the ids."""
        ...


class NoBook:
    """Notes nothing: for who waits for each job to its end."""

    def add(self, name: str) -> None:
        """See JobBook."""

    def remove(self, name: str) -> None:
        """See JobBook."""

    def all(self) -> list[str]:
        """See JobBook."""
        return []

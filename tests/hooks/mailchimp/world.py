"""A sandbox and a client on one clock, which moves only when somebody sleeps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from airflow_provider_mlconnector.hooks.mailchimp.client import MailchimpClient
from airflow_provider_mlconnector.hooks.mailchimp.connection import MailchimpConnection
from airflow_provider_mlconnector.hooks.mailchimp.customers import StoreCustomers
from airflow_provider_mlconnector.hooks.mailchimp.members import AudienceMembers
from airflow_provider_mlconnector.hooks.mailchimp.target import plan_members, validate_members
from airflow_provider_mlconnector.mapping import FieldMap
from airflow_provider_mlconnector.outcomes import RowResult
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready
from airflow_provider_mlconnector.sandbox.core import Clock, SandboxAdapter
from airflow_provider_mlconnector.sandbox.mailchimp import MailchimpSandbox

URL = "http://localhost:1"
NOON = datetime(2026, 11, 20, 18, tzinfo=UTC)


class World:
    """One account, and our client of it.

    :param extra: the Connection's extra, beside the audience and the store `jde`.
    :param sandbox: arguments of the sandbox.
    """

    def __init__(self, *, extra: Mapping[str, Any] | None = None, **sandbox: Any):
        self.clock = Clock(NOON, speed=0)
        self.sandbox = MailchimpSandbox(clock=self.clock, **sandbox)
        made = self.sandbox.connection(URL)
        self.connection = MailchimpConnection(
            conn_id="mailchimp_default",
            host=URL,
            password=SecretStr(made["password"]),
            **{**made["extra"], **(extra or {})},
        )
        self.client = MailchimpClient(
            self.connection, clock=self.clock.now, sleep=self.sleep, now=self.clock.datetime, random=lambda: 0.5
        )
        adapter = SandboxAdapter(self.sandbox)
        self.client.api.session.mount(URL, adapter)
        self.client.storage.host(URL).session.mount(URL, adapter)

    def sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def calls(self, part: str, *methods: str) -> int:
        """Return how many calls of these methods had `part` in their path."""
        return sum(len(self.sandbox.calls.matching(part, method)) for method in methods)

    def members(self) -> dict[str, dict[str, Any]]:
        return {each["email_address"]: each for each in self.sandbox.state()["members"]}

    def customers(self) -> dict[str, dict[str, Any]]:
        return {each["id"]: each for each in self.sandbox.state()["customers"].get("jde", [])}

    def plan(self, rows: FieldMap, wanted: Mapping[str, tuple[str, str]] | None = None) -> Plan:
        return plan_members(None, self.client, rows, wanted=wanted or {})

    def target(self, plan: Plan | None = None, rows: int = 1) -> AudienceMembers:
        target = AudienceMembers(self.client)
        target.prepare(plan or Plan(), rows)
        return target

    def send(self, *batch: Ready, plan: Plan | None = None, rows: int = 1) -> list[RowResult]:
        """Deliver records as the pipeline would: checked, by group, in batches of the target's size."""
        target, check = self.target(plan, rows), validate_members(plan or Plan())
        results: dict[str, RowResult] = {}
        for group in sorted({target.group(ready) for ready in batch}):
            items = [ready for ready in batch if target.group(ready) == group]
            size = target.batch_size(group)
            for at in range(0, len(items), size):
                part = items[at : at + size]
                for ready in part:
                    check(ready.payload)
                answers = target.deliver(group, part)
                results |= {ready.record_key: answer for ready, answer in zip(part, answers, strict=True)}
        return [results[ready.record_key] for ready in batch]

    def sell(self, *batch: Ready) -> list[RowResult]:
        """Deliver store customers, one after the other."""
        target = StoreCustomers(self.client)
        target.prepare(Plan(), len(batch))
        return [target.deliver(target.group(ready), [ready])[0] for ready in batch]

    def sell_together(self, *batch: Ready) -> list[RowResult]:
        """Deliver store customers in one batch, as the pipeline does with those that are known."""
        target = StoreCustomers(self.client)
        (group,) = {target.group(ready) for ready in batch}
        assert target.batch_size(group) >= len(batch)
        return target.deliver(group, batch)

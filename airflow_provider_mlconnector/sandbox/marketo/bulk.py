"""The endpoints of bulk extract: create, enqueue, status, file, cancel, list – of leads and of activities.

Source: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/bulk-extract/bulk-extract
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from airflow_provider_mlconnector.sandbox.marketo import tokens
from airflow_provider_mlconnector.sandbox.marketo.ask import MAX_RECORDS, Ask, Reply, Work
from airflow_provider_mlconnector.sandbox.marketo.errors import Refused
from airflow_provider_mlconnector.sandbox.marketo.exportfiles import file_response
from airflow_provider_mlconnector.sandbox.marketo.exportrequests import activity_export, lead_export
from airflow_provider_mlconnector.sandbox.marketo.exports import Job
from airflow_provider_mlconnector.sandbox.marketo.instance import Instance

Endpoint = Callable[[Instance, Ask], Work]

STATUSES = ("created", "queued", "processing", "cancelled", "canceled", "completed", "failed")
_REQUESTS = {"leads": lead_export, "activities": activity_export}


def create(object_name: str) -> Endpoint:
    """Return the endpoint that makes a job."""

    def endpoint(instance: Instance, ask: Ask) -> Work:
        format_, write = _REQUESTS[object_name](instance, ask.body, nul=ask.hit("nul_bytes"))
        exports = instance.exports
        return lambda: Reply([exports.status(exports.create(ask.user, object_name, format_, write))], written=1)

    return endpoint


def enqueue(object_name: str) -> Endpoint:
    """Return the endpoint that puts a job into the queue."""

    def endpoint(instance: Instance, ask: Ask) -> Work:
        job, fails = _job(instance, object_name, ask), ask.hit("export_failed")

        def work() -> Reply:
            instance.exports.enqueue(job, fails=fails)
            return Reply([instance.exports.status(job)])

        return work

    return endpoint


def cancel(object_name: str) -> Endpoint:
    """Return the endpoint that takes a job out of the queue; alone among them it spells its status with two l."""

    def endpoint(instance: Instance, ask: Ask) -> Work:
        job = _job(instance, object_name, ask)

        def work() -> Reply:
            instance.exports.cancel(job)
            return Reply([instance.exports.status(job) | {"status": "Cancelled"}])

        return work

    return endpoint


def status(object_name: str) -> Endpoint:
    """Return the endpoint that says how far a job is."""

    def endpoint(instance: Instance, ask: Ask) -> Work:
        job = _job(instance, object_name, ask)
        return lambda: Reply([instance.exports.status(job)])

    return endpoint


def jobs(object_name: str) -> Endpoint:
    """Return the endpoint that lists the caller's jobs of the last seven days."""

    def endpoint(instance: Instance, ask: Ask) -> Work:
        wanted = [each.lower() for each in ask.many("status")]
        if unknown := set(wanted) - set(STATUSES):
            raise Refused("1003", message=f"Invalid status '{min(unknown)}'")
        size = ask.integer("batchSize", MAX_RECORDS, MAX_RECORDS)
        digest = zlib.crc32(repr((object_name, wanted)).encode())
        token = ask.one("nextPageToken", "")
        of, after = tokens.unpack(token, 2) if token else (digest, 0)
        if of != digest:
            raise tokens.invalid_token()
        prefixes = {each[:6] for each in wanted}

        def work() -> Reply:
            shown = [instance.exports.status(job) for job in instance.exports.listed(ask.user, object_name)]
            found = [each for each in shown if not prefixes or each["status"].lower()[:6] in prefixes]
            end = after + size
            return Reply(found[after:end], next_page=tokens.pack(digest, end) if len(found) > end else None)

        return work

    return endpoint


def file(object_name: str) -> Endpoint:
    """Return the endpoint that hands out what a job has written; 404 in plain text as long as there is nothing."""

    def endpoint(instance: Instance, ask: Ask) -> Work:
        job = instance.exports.job(ask.user, object_name, ask.path["id"])
        late, flaws = ask.hit("late_file"), {name for name in ("short_file", "corrupt_file") if ask.hit(name)}
        wanted = "" if ask.hit("ignore_range") else ask.byte_range

        def work() -> Response:
            if job is None or late or job.file is None or not instance.exports.completed(job):
                return Response("Export file not found", 404, media_type="text/plain")
            return _flawed(file_response(job.file.content, wanted), flaws)

        return work

    return endpoint


def _flawed(response: Response, flaws: set[str]) -> Response:
    """Cut or damage a file on its way."""
    body = bytes(response.body)
    if "short_file" in flaws:
        body = body[: len(body) // 2]
    if "corrupt_file" in flaws and body:
        body = bytes([body[0] ^ 1]) + body[1:]
    response.body = body
    response.headers["content-length"] = str(len(body))
    return response


def _job(instance: Instance, object_name: str, ask: Ask) -> Job:
    job = instance.exports.job(ask.user, object_name, ask.path["id"])
    if job is None:
        raise Refused("1003", message=f"Export job '{ask.path['id']}' not found")
    return job


def endpoints(object_name: str) -> dict[str, dict[str, Endpoint]]:
    """Return the endpoints of one object by path pattern and method."""
    base = rf"/bulk/v1/{object_name}/export"
    of_job = rf"{base}/(?P<id>[^/]+)"
    body: Any = {
        rf"{base}\.json": {"GET": jobs(object_name)},
        rf"{base}/create\.json": {"POST": create(object_name)},
        rf"{of_job}/enqueue\.json": {"POST": enqueue(object_name)},
        rf"{of_job}/cancel\.json": {"POST": cancel(object_name)},
        rf"{of_job}/status\.json": {"GET": status(object_name)},
        rf"{of_job}/file\.json": {"GET": file(object_name)},
    }
    found: dict[str, dict[str, Endpoint]] = body
    return found

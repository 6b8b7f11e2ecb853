"""A caller for the tests: sends with the key, and checks every answer against the vendor's Swagger file."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import tarfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import requests
from jsonschema import Draft4Validator

from airflow_provider_mlconnector.sandbox.core import Clock, SandboxAdapter
from airflow_provider_mlconnector.sandbox.mailchimp import KEY, LIST_ID, MailchimpSandbox
from tests.conformance import SPECS, SwaggerSpec

URL = "http://mailchimp.sandbox"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LIST = f"/lists/{LIST_ID}"
MEMBERS = f"{LIST}/members"
CUSTOMERS = "/ecommerce/stores/jde/customers"
ADA = "ada@whitfield-hydraulics.com"
BOB = "bob@dubois-mecanique.fr"
ADDRESS = {"addr1": "1 Main Street", "city": "Denver", "state": "CO", "zip": "80202"}
FILE = "mailchimp-marketing.swagger.json"
SPEC = SwaggerSpec(FILE) if (SPECS / FILE).is_file() else None


def key_of(email: str) -> str:
    return hashlib.md5(email.lower().encode(), usedforsecurity=False).hexdigest()


def path_of(email: str) -> str:
    return f"{MEMBERS}/{key_of(email)}"


class Api:
    """A sandbox and its caller; the clock stands still."""

    def __init__(
        self,
        *,
        faults: Mapping[str, Any] | None = None,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
        fields: Sequence[Mapping[str, Any]] = (),
        stores: Sequence[Mapping[str, Any]] = (),
        **options: Any,
    ) -> None:
        self.clock = Clock(NOON, speed=0)
        self.sandbox = MailchimpSandbox(
            clock=self.clock, faults=faults, sleep=sleep, fields=fields, stores=stores, **options
        )
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.mount(URL, SandboxAdapter(self.sandbox))

    def send(self, method: str, path: str, **arguments: Any) -> requests.Response:
        arguments.setdefault("auth", ("anybody", KEY))
        answer = self.session.request(method, f"{URL}/3.0{path}", **arguments)
        if SPEC is not None and path not in {"", "/"} and answer.status_code != 404:
            check_answer(SPEC, method, path, answer)
        return answer

    def json(self, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        """Send what must succeed."""
        answer = self.send(method, path, json=body, params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self.json("GET", path, **query)

    def status(self, method: str, path: str, body: Any = None, **query: Any) -> int:
        return self.send(method, path, json=body, params=query).status_code

    def refused(self, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        """Send what must be refused; returns the problem document."""
        answer = self.send(method, path, json=body, params=query)
        assert answer.status_code >= 400, answer.text
        found: dict[str, Any] = answer.json()
        assert found["status"] == answer.status_code
        return found

    def put(self, email: str, **body: Any) -> dict[str, Any]:
        """Write a member the safe way."""
        return self.json("PUT", path_of(email), {"email_address": email, "status_if_new": "subscribed"} | body)

    def put_refused(self, email: str, **body: Any) -> dict[str, Any]:
        given = {"email_address": email, "status_if_new": "subscribed"} | body
        return self.refused("PUT", path_of(email), given)

    def change(self, **command: Any) -> None:
        answer = self.session.post(f"{URL}/_sandbox/change", json=command)
        assert answer.status_code == 200, answer.text

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.session.get(f"{URL}/_sandbox/state").json()
        return found

    def held(self, email: str) -> dict[str, Any]:
        """Return a member as the sandbox holds it."""
        (found,) = [each for each in self.state()["members"] if each["id"] == key_of(email)]
        return dict(found)

    def batch(self, *operations: Mapping[str, Any]) -> dict[str, Any]:
        return self.json("POST", "/batches", {"operations": list(operations)})

    def finished(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Ask until a batch is done."""
        for _ in range(50):
            found = self.get(f"/batches/{batch['id']}")
            if found["status"] == "finished":
                return found
        raise AssertionError("the batch does not finish")

    def results(self, batch: Mapping[str, Any]) -> dict[str, tuple[int, Any]]:
        """Return operation id → status and decoded response of a finished batch."""
        answer = self.session.get(batch["response_body_url"])
        assert answer.status_code == 200, answer.text
        found = {}
        for result in [each for content in unpacked(answer.content) if content for each in json.loads(content)]:
            response = result["response"]
            found[result["operation_id"]] = (result["status_code"], json.loads(response) if response else None)
        return found


def check_answer(spec: SwaggerSpec, method: str, path: str, answer: requests.Response) -> None:
    """Compare an answer with what the Swagger file defines; the vendor leaves `type` out where it refuses a contact."""
    if answer.status_code == 200:
        spec.check_response(method, path, 200, answer.json())
    elif answer.status_code == 204:
        assert "204" in spec.operation(method, path)["responses"]
    elif answer.status_code != 405 and answer.content and "json" in answer.headers["content-type"]:
        schema = dict(spec.operation(method, path)["responses"]["default"]["schema"])
        schema["required"] = [name for name in schema["required"] if name != "type"]
        Draft4Validator(schema).validate(answer.json())


def unpacked(content: bytes) -> list[bytes]:
    """Return the contents of the files in a gzipped tar."""
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
        files = [tar.extractfile(entry) for entry in tar if entry.isfile()]
        return [file.read() for file in files if file is not None]

"""The object storage where results of batches lie: addresses signed for a while, which want no other credentials."""

from __future__ import annotations

import io
import json
import random
import tarfile
from collections.abc import Mapping, Sequence

from starlette.responses import Response

from airflow_provider_mlconnector.sandbox.core import Clock, Faults
from airflow_provider_mlconnector.sandbox.mailchimp.options import Options
from airflow_provider_mlconnector.sandbox.mailchimp.queue import Batch, Queue, Result

PREFIX = "/mailchimp-api-batch/"
"""Where results lie, beside the API and not in it."""
FILES = 3


class Storage:
    """Signs addresses and answers them."""

    def __init__(self, queue: Queue, clock: Clock, faults: Faults, seed: int, options: Options) -> None:
        self._queue = queue
        self._clock = clock
        self._faults = faults
        self._seed = seed
        self._options = options
        self._chance = random.Random(f"{seed}:signatures")
        self._signed: dict[str, tuple[str, float]] = {}

    def sign(self, batch: Batch, origin: str) -> str:
        """Return a new address of a batch's result, good for a while."""
        signature = f"{self._chance.getrandbits(160):040x}"
        seconds = self._options.batch_url_seconds
        self._signed[signature] = (batch.id, self._clock.now() + seconds)
        name = f"{PREFIX}{batch.id}-response.tar.gz"
        return f"{origin}{name}?X-Amz-Expires={seconds:g}&X-Amz-Signature={signature}"

    def forget_all(self) -> None:
        """End all addresses."""
        self._signed.clear()

    def answer(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Response:
        """Answer a call of a signed address; refusals are XML."""
        if "authorization" in headers:
            return _refusal(400, "InvalidArgument", "Only one auth mechanism allowed")
        batch_id, until = self._signed.get(query.get("X-Amz-Signature", ""), ("", 0.0))
        if not batch_id or path != f"{PREFIX}{batch_id}-response.tar.gz":
            return _refusal(403, "SignatureDoesNotMatch", "The request signature we calculated does not match")
        if self._clock.now() > until:
            return _refusal(403, "AccessDenied", "Request has expired")
        batch = self._queue.batches.get(batch_id)
        if batch is None:
            return _refusal(404, "NoSuchKey", "The specified key does not exist.")
        results = [each for each in batch.results if not self._faults.hit("result_lost")]
        return Response(archive(batch.id, results, self._seed), media_type="application/x-gzip")


def archive(batch_id: str, results: Sequence[Result], seed: int) -> bytes:
    """Return the gzipped tar: a folder, several files of results in no order, an empty list and an empty file."""
    mixed = list(results)
    chance = random.Random(f"{seed}:{batch_id}")
    chance.shuffle(mixed)
    files = [json.dumps(mixed[first::FILES]).encode() for first in range(FILES)] + [b"[]", b""]
    chance.shuffle(files)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        folder = tarfile.TarInfo("./")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for number, content in enumerate(files):
            entry = tarfile.TarInfo(f"./{batch_id}_{number}.json")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _refusal(status: int, code: str, message: str) -> Response:
    page = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Response(page, status, media_type="application/xml")

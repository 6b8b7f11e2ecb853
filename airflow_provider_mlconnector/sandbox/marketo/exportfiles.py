"""The files of bulk exports: rows as the vendor writes them, and the parts of a file that a Range header asks for.

Source: https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/bulk-extract/bulk-lead-extract and
…/bulk-activity-extract
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from starlette.responses import Response

from airflow_provider_mlconnector.sandbox.marketo.exports import File

MEDIA_TYPE = "text/csv;charset=UTF-8"
NULL = "null"
"""What stands for an empty value; a text of the same letters looks no different."""

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


def write_file(header: Sequence[str], rows: Iterable[Sequence[Any]], separator: str, *, nul: bool = False) -> File:
    """Return the file of some rows. `nul`: the texts carry NUL bytes, as the vendor's at times do."""
    lines, records = [_line(header, separator)], 0
    for row in rows:
        cells = [cell(value) for value in row]
        if nul:
            cells = [
                f"{text[:1]}\x00{text[1:]}" if isinstance(value, str) else text
                for value, text in zip(row, cells, strict=True)
            ]
        lines.append(_line(cells, separator))
        records += 1
    return File(("\n".join(lines) + "\n").encode(), records)


def _line(cells: Iterable[str], separator: str) -> str:
    return separator.join(
        f'"{text.replace(chr(34), chr(34) * 2)}"' if _quoted(text, separator) else text for text in cells
    )


def _quoted(text: str, separator: str) -> bool:
    return separator in text or any(mark in text for mark in '"\r\n')


def cell(value: Any) -> str:
    """Return a value as text."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)


def file_response(file: bytes, wanted: str) -> Response:
    """Answer a file, or the part that a Range header names: 206, or 416 when there is no such part."""
    size = len(file)
    headers = {"accept-ranges": "bytes"}
    matched = _RANGE.fullmatch(wanted.replace(" ", ""))
    if not matched or matched.groups() == ("", ""):
        return Response(file, 200, headers, media_type=MEDIA_TYPE)
    first, last = matched.groups()
    begin = int(first) if first else max(size - int(last), 0)
    end = min(int(last), size - 1) if first and last else size - 1
    if begin > end:
        return Response(b"", 416, headers | {"content-range": f"bytes */{size}"}, media_type=MEDIA_TYPE)
    headers["content-range"] = f"bytes {begin}-{end}/{size}"
    return Response(file[begin : end + 1], 206, headers, media_type=MEDIA_TYPE)

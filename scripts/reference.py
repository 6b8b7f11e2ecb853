"""Write the reference tables of README.md and docs/ from the code: `make reference`. A test keeps them the same."""

from __future__ import annotations

import argparse
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from airflow.cli.cli_config import Arg, CLICommand, GroupCommand
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from airflow_provider_mlconnector.cli import get_commands
from airflow_provider_mlconnector.config_options import OPTIONS
from airflow_provider_mlconnector.hooks.connection import VendorConnection
from airflow_provider_mlconnector.hooks.registry import connection_models
from airflow_provider_mlconnector.mapping import Row
from airflow_provider_mlconnector.mapping.converters import CONVERTERS
from airflow_provider_mlconnector.operators.factory import PARAMS
from airflow_provider_mlconnector.operators.replay import replay_params
from airflow_provider_mlconnector.provider_info import STANDARD_FIELDS
from airflow_provider_mlconnector.syncs import all_syncs

ROOT = Path(__file__).parent.parent
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
BLOCK = re.compile(r"(<!-- reference: (?P<name>[\w.]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def shown(value: Any) -> str:
    """Return a default as it would stand in `extra`; empty for none."""
    plain = value.model_dump(exclude_none=True) if isinstance(value, BaseModel) else value
    # One that is made anew each time is described in the text.
    return "" if plain in (None, "", {}, PydanticUndefined) else f"`{json.dumps(plain)}`"


def extras(model: type[VendorConnection], names: Iterable[str]) -> str:
    """Return the table of a Connection's extras."""
    fields = {name: model.model_fields[name] for name in names}
    rows = [(f"`{name}`", shown(field.default), field.description or "") for name, field in fields.items()]
    return table(("extra", "default", "meaning"), rows)


def own_extras(model: type[VendorConnection]) -> str:
    """Return the table of the extras that only this vendor has."""
    return extras(model, [name for name in model.model_fields if name not in VendorConnection.model_fields])


def common_extras() -> str:
    """Return the table of the extras that every vendor has."""
    return extras(VendorConnection, [name for name in VendorConnection.model_fields if name not in STANDARD_FIELDS])


def params() -> str:
    """Return the table of a run's params."""
    rows = [(f"`{name}`", f"`{json.dumps(default)}`", text) for name, (default, _, text) in PARAMS.items()]
    return table(("param", "default", "meaning"), rows)


def replay() -> str:
    """Return the table of the params of the DAG that replays."""
    given = {name: param.dump() for name, param in replay_params().items()}
    rows = [(f"`{name}`", shown(param["value"]), param["description"] or "") for name, param in given.items()]
    return table(("param", "default", "meaning"), rows)


def converters() -> str:
    """Return the table of converters."""
    rows = [(f"`{name}`", inspect.getdoc(function) or "") for name, function in CONVERTERS.items()]
    return table(("converter", "gives"), rows)


def options() -> str:
    """Return the table of options."""
    rows = [
        (f"`{name}`", f"`{option['default']}`" if option["default"] else "", option["description"])
        for name, option in OPTIONS.items()
    ]
    return table(("option", "default", "meaning"), rows)


def commands() -> str:
    """Return the table of commands."""
    return table(("command", "what it does"), [row for command in get_commands() for row in _command(command, "")])


def _command(command: CLICommand, before: str) -> list[tuple[str, str]]:
    name = f"{before} {command.name}".strip()
    if isinstance(command, GroupCommand):
        return [row for sub in command.subcommands for row in _command(sub, name)]
    words = [name.removeprefix("mlconnector "), *(_argument(argument) for argument in command.args)]
    return [(f"`{' '.join(words)}`", f"{command.help}.")]


def _argument(argument: Arg) -> str:
    flag = argument.flags[0]
    if not flag.startswith("-"):
        return f"{flag.rstrip('s').upper()}…"
    choices = argument.kwargs.get("choices")
    if argument.kwargs.get("action") == "store_true":
        return f"[{flag}]"
    text = f"{flag} {'|'.join(choices) if choices else flag.strip('-').upper()}"
    return text if argument.kwargs.get("required") else f"[{text}]"


def field_map(name: str) -> str:
    """Return the default field map of a sync."""
    rows = [
        (f"`{row.target}`", source(row), row.convert, "if there" if row.optional else "")
        for row in all_syncs()[name].rows.rows
    ]
    return table(("target field", "source", "converter", "sent"), rows)


def source(row: Row) -> str:
    """Return where a row's value comes from."""
    return ", ".join(f"`{field}`" for field in row.sources) or f"constant `{json.dumps(row.value)}`"


def blocks() -> dict[str, Callable[[], str]]:
    """Return what makes each block."""
    return {
        **{model.conn_type: lambda model=model: own_extras(model) for model in connection_models()},  # type: ignore[misc]
        "common": common_extras,
        "params": params,
        "replay": replay,
        "converters": converters,
        "options": options,
        "commands": commands,
        **{name: lambda name=name: field_map(name) for name in all_syncs()},  # type: ignore[misc]
    }


def rendered(text: str) -> str:
    """Return a text with all of its blocks made anew."""
    makers = blocks()
    return BLOCK.sub(lambda found: f"{found[1]}{makers[found['name']]()}{found[3]}", text)


def main() -> int:
    """Write the documents; with --check only say whether any would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; 1 when something would change")
    texts = {path: path.read_text() for path in DOCUMENTS}
    stale = {path: after for path, before in texts.items() if (after := rendered(before)) != before}
    if parser.parse_args().check:
        return int(bool(stale))
    for path, text in stale.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

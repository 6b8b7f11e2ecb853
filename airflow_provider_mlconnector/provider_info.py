"""What Airflow is told about this package: connection types with their forms, options, commands, the page.

The forms are generated from the pydantic connection models, so that a form cannot differ from what is parsed.
https://airflow.apache.org/docs/apache-airflow-providers/howto/create-custom-providers.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic.fields import FieldInfo

from airflow_provider_mlconnector import __version__
from airflow_provider_mlconnector.config import SECTION
from airflow_provider_mlconnector.config_options import OPTIONS
from airflow_provider_mlconnector.hooks.connection import VendorConnection
from airflow_provider_mlconnector.hooks.registry import connection_models

PACKAGE = "airflow-provider-mlconnector"
STANDARD_FIELDS = frozenset({"conn_id", "host", "login", "password"})
"""Fields of a model that Airflow keeps in columns of their own; all others live in `extra`."""
FORMATS = frozenset({"password", "multiline", "email", "url", "json", "date", "date-time", "time"})
"""What `airflow/provider.yaml.schema.json` allows as `format` of a form field."""
KEYWORDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "pattern", "minLength", "maxLength", "enum")
# Airflow 3.2 shows a field of several types by its first, 3.3 as a text that may be any of them.
TYPE_ORDER = ("boolean", "integer", "number", "string", "array", "object")

JsonSchema = Mapping[str, Any]


def get_provider_info() -> dict[str, Any]:
    """Return the provider's description in the form of `airflow/provider_info.schema.json`."""
    return {
        "package-name": PACKAGE,
        "name": "ML Connector",
        "description": "Moves customers, suppliers, orders, invoices and accounts between business systems.",
        "versions": [__version__],
        "connection-types": [connection_type(model) for model in connection_models()],
        "config": {SECTION: {"description": "Options of airflow-provider-mlconnector.", "options": OPTIONS}},
        "notifications": ["airflow_provider_mlconnector.alerts.notifier.AlertNotifier"],
        "cli": ["airflow_provider_mlconnector.cli.get_commands"],
        "plugins": [
            {"name": "mlconnector", "plugin-class": "airflow_provider_mlconnector.plugin.MLConnectorPlugin"},
        ],
    }


def connection_type(model: type[VendorConnection]) -> dict[str, Any]:
    """Return one entry of `connection-types`: the hook and the form of a vendor's Connection."""
    schema = model.model_json_schema()
    return {
        "connection-type": model.conn_type,
        "hook-class-name": model.hook_class_name,
        "hook-name": model.hook_name,
        "ui-field-behaviour": {
            "hidden-fields": list(model.hidden_fields),
            "relabeling": dict(model.labels),
            "placeholders": dict(model.placeholders),
        },
        "conn-fields": {
            name: form_field(name, model.model_fields[name], prop, schema)
            for name, prop in sorted(schema["properties"].items(), key=_is_common)
            if name not in STANDARD_FIELDS
        },
    }


def _is_common(entry: tuple[str, Any]) -> bool:
    # The vendor's own fields come first in its form, those of every vendor after them.
    return entry[0] in VendorConnection.model_fields


def form_field(name: str, field: FieldInfo, prop: JsonSchema, schema: JsonSchema) -> dict[str, Any]:
    """Return one entry of `conn-fields`.

    :param prop: the field in the model's JSON Schema.
    :param schema: the whole of that schema, for its `$defs`.
    """
    # Label and text come from the field: pydantic leaves a title out that a nested model has as well.
    found = {"label": field.title or name, "schema": _form_schema(prop, schema, field.is_required())}
    return found | {"description": field.description} if field.description else found


def _form_schema(prop: JsonSchema, schema: JsonSchema, required: bool) -> dict[str, Any]:
    branches = [branch for branch in _branches(prop, schema) if branch.get("type") != "null"]
    types = {branch.get("type", "string") for branch in branches}
    found: dict[str, Any] = {"type": [name for name in TYPE_ORDER if name in types]}
    # Everything optional may be left empty; the form then stores null, which the model takes as "not given".
    if not required:
        found["type"].append("null")
    if len(branches) == 1:
        found |= _keywords(branches[0])
    if prop.get("default") is not None and found.get("format") != "password":
        found["default"] = prop["default"]
    return found


def _branches(prop: JsonSchema, schema: JsonSchema) -> list[JsonSchema]:
    """Resolve references and alternatives into plain schemas, each with a `type` of its own."""
    if reference := prop.get("$ref"):
        return _branches(schema["$defs"][reference.rpartition("/")[2]], schema)
    alternatives = prop.get("anyOf") or prop.get("oneOf")
    if not alternatives:
        return [prop]
    return [branch for alternative in alternatives for branch in _branches(alternative, schema)]


def _keywords(branch: JsonSchema) -> dict[str, Any]:
    found = {key: branch[key] for key in KEYWORDS if key in branch}
    if branch.get("format") in FORMATS:
        found["format"] = branch["format"]
    if "const" in branch:
        found["enum"] = [branch["const"]]
    if isinstance(branch.get("items"), dict) and "type" in branch["items"]:
        found["items"] = {"type": branch["items"]["type"]}
    return found

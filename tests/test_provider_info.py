from __future__ import annotations

import ast
import json
from importlib.metadata import distribution, entry_points
from pathlib import Path
from typing import Any, ClassVar, Literal

import airflow
import jsonschema
import pytest
from pydantic import Field, SecretStr

import airflow_provider_mlconnector
from airflow_provider_mlconnector.config_options import OPTIONS
from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.connection import VendorConnection
from airflow_provider_mlconnector.hooks.registry import (
    by_conn_id,
    by_conn_type,
    by_system,
    connection_models,
    import_object,
)
from airflow_provider_mlconnector.provider_info import PACKAGE, connection_type, get_provider_info

SCHEMAS = Path(airflow.__file__).parent
MASKED = ("token", "secret", "password", "passwd", "api_key", "apikey", "authorization", "passphrase", "private_key")


class Toy(VendorConnection):
    """One field of each kind that a form can show."""

    conn_type: ClassVar[str] = "toy"
    hook_class_name: ClassVar[str] = "toys.hook.ToyHook"
    hook_name: ClassVar[str] = "Toys"
    labels: ClassVar[dict[str, str]] = {"login": "Player"}
    placeholders: ClassVar[dict[str, str]] = {"host": "https://toys.example.com"}

    size: int = Field(10, ge=1, le=99, title="Size", description="How big.")
    speed: float = Field(1.5, gt=0, title="Speed", description="How fast.")
    mode: Literal["walk", "run"] = Field("walk", title="Mode", description="How.")
    parts: dict[str, Any] | None = Field(None, title="Parts", description="Of what.")
    names: list[str] | None = Field(None, title="Names", description="Whose.")
    second_key: SecretStr | None = Field(None, title="Second key", description="Never shown.")
    shop: str = Field(title="Shop", description="Where; there is no default.")


FIELDS = connection_type(Toy)["conn-fields"]


def schema_of(path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SCHEMAS / path).read_text())
    return found


def test_airflow_accepts_the_provider_info() -> None:
    """The description is valid under the schema by which Airflow checks every provider when it starts."""
    jsonschema.validate(get_provider_info(), schema_of("provider_info.schema.json"))


@pytest.mark.parametrize("model", connection_models(), ids=lambda model: model.conn_type)
def test_airflow_accepts_each_form(model: type[VendorConnection]) -> None:
    """Each form is valid under the schema of Airflow's own providers, which is not checked at run time."""
    entry = schema_of("provider.yaml.schema.json")["properties"]["connection-types"]["items"]
    jsonschema.validate(connection_type(model), entry)


@pytest.mark.parametrize("model", connection_models(), ids=lambda model: model.conn_type)
def test_each_default_is_a_value_its_field_allows(model: type[VendorConnection]) -> None:
    """A form opened and saved as it is holds only values that its own fields allow."""
    for name, field in connection_type(model)["conn-fields"].items():
        if "default" in field["schema"]:
            assert jsonschema.Draft202012Validator(field["schema"]).is_valid(field["schema"]["default"]), name


@pytest.mark.parametrize("model", connection_models(), ids=lambda model: model.conn_type)
def test_each_field_explains_itself(model: type[VendorConnection]) -> None:
    """No field of a form is shown by its technical name or without a description."""
    fields = connection_type(model)["conn-fields"]
    assert {name for name, field in fields.items() if not field.get("description")} == set()
    assert {name for name, field in fields.items() if field["label"] == name} == set()


@pytest.mark.parametrize("model", connection_models(), ids=lambda model: model.conn_type)
def test_no_field_is_masked_by_accident(model: type[VendorConnection]) -> None:
    """Airflow masks the value of every extra with such a word in its name, in all logs: only secrets have one."""
    fields = connection_type(model)["conn-fields"]
    masked = {name for name in fields if any(word in name for word in MASKED)}
    assert masked == {name for name, field in fields.items() if field["schema"].get("format") == "password"}


@pytest.mark.parametrize("model", connection_models(), ids=lambda model: model.conn_type)
def test_the_hook_of_each_form_exists(model: type[VendorConnection]) -> None:
    """The class that Airflow makes for a Connection of this type is there, and uses this type by default."""
    hook: Any = import_object(model.hook_class_name)
    assert (hook.conn_type, hook.default_conn_name) == (model.conn_type, model.default_conn_id)


def test_standard_fields_stay_out_of_the_extras() -> None:
    """Host, login and password have columns of their own in Airflow; a second field would be ignored."""
    assert {"conn_id", "host", "login", "password"} & set(FIELDS) == set()


def test_the_vendors_own_fields_come_first() -> None:
    """What only this vendor has is not buried under proxies and time-outs."""
    assert list(FIELDS)[:3] == ["size", "speed", "mode"]
    assert list(FIELDS)[-1] == "allow_http"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("size", {"type": ["integer", "null"], "default": 10, "minimum": 1, "maximum": 99}),
        ("speed", {"type": ["number", "null"], "default": 1.5, "exclusiveMinimum": 0}),
        ("mode", {"type": ["string", "null"], "default": "walk", "enum": ["walk", "run"]}),
        ("parts", {"type": ["object", "null"]}),
        ("names", {"type": ["array", "null"], "items": {"type": "string"}}),
        ("second_key", {"type": ["string", "null"], "format": "password"}),
        ("shop", {"type": ["string"]}),
        ("verify", {"type": ["boolean", "string", "null"], "default": True}),
        ("timeout", {"type": ["number", "array", "null"]}),
    ],
)
def test_a_field_becomes_the_input_that_fits_it(name: str, expected: dict[str, Any]) -> None:
    """Numbers have their bounds, choices are a list, secrets are masked, only what is required must be given."""
    assert FIELDS[name]["schema"] == expected


def test_labels_and_placeholders_are_the_vendors_words() -> None:
    """The standard fields are named as the vendor names them, and the useless ones hidden."""
    assert connection_type(Toy)["ui-field-behaviour"] == {
        "hidden-fields": ["port", "schema"],
        "relabeling": {"login": "Player"},
        "placeholders": {"host": "https://toys.example.com"},
    }


def test_each_option_that_is_read_is_documented() -> None:
    """`airflow config list` knows every option of [mlconnector] that the code asks for by name."""
    asked = set()
    for path in Path(airflow_provider_mlconnector.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"config.option", "config.flag"}:
                asked |= {arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)}
    assert asked
    assert asked - set(OPTIONS) == set()


@pytest.mark.parametrize("model", connection_models(), ids=lambda model: model.conn_type)
def test_a_vendor_is_found_by_each_of_its_names(model: type[VendorConnection]) -> None:
    """Connection type, default id and system name all lead to the same model."""
    found = {by_conn_type(model.conn_type), by_conn_id(model.default_conn_id), by_system(model.system)}
    assert found == {model}


def test_an_unknown_vendor_is_refused_with_the_known_ones() -> None:
    """A typing error in a connection type is answered with what there is."""
    with pytest.raises(ConfigurationError, match=r"'jed_ais'.*jde_ais, mailchimp, marketo"):
        by_conn_type("jed_ais")


def test_airflow_finds_the_package() -> None:
    """The entry points by which Airflow discovers providers and plugins lead to objects that are there."""
    provider = entry_points(group="apache_airflow_provider", name="provider_info")
    assert [entry.load() for entry in provider if entry.module.startswith("airflow_provider_mlconnector")] == [
        get_provider_info
    ]
    (plugin,) = entry_points(group="airflow.plugins", name="mlconnector")
    assert plugin.load().name == "mlconnector"
    # Airflow refuses a provider whose package-name is not its distribution's.
    assert distribution(PACKAGE).metadata["Name"] == get_provider_info()["package-name"]


def test_the_commands_and_the_plugin_can_be_imported() -> None:
    """What the description names exists; Airflow would only log that it does not."""
    info = get_provider_info()
    (commands,) = [import_object(path) for path in info["cli"]]
    assert callable(commands)
    assert commands()
    assert info["plugins"][0]["name"] == getattr(import_object(info["plugins"][0]["plugin-class"]), "name", None)


def test_airflow_shows_our_forms() -> None:
    """Airflow's own provider manager, which feeds the UI, has the forms of all our Connection types."""
    from airflow.providers_manager import ProvidersManager

    manager: Any = ProvidersManager()  # type: ignore[no-untyped-call]
    # Before 3.3 Airflow had to import each hook to know its form.
    forms = getattr(manager, "_connection_form_widgets_from_metadata", None) or manager.connection_form_widgets
    shown = {name.split("__")[1] for name in forms}
    assert {model.conn_type for model in connection_models()} <= shown

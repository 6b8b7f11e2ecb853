"""Which vendors there are. Adding one is one line here and one folder beside this file."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import cast

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.connection import VendorConnection

CONNECTIONS: tuple[str, ...] = (
    "airflow_provider_mlconnector.hooks.jde.connection:JdeConnection",
    "airflow_provider_mlconnector.hooks.marketo.connection:MarketoConnection",
    "airflow_provider_mlconnector.hooks.mailchimp.connection:MailchimpConnection",
    "airflow_provider_mlconnector.hooks.qad.connection:QadConnection",
    "airflow_provider_mlconnector.hooks.jaggaer.connection:JaggaerConnection",
    "airflow_provider_mlconnector.hooks.cin7.connection:Cin7Connection",
)
"""`module:class` of each vendor's connection model. Strings, so that reading this list imports no vendor."""


@cache
def connection_models() -> tuple[type[VendorConnection], ...]:
    """Import and return every vendor's connection model, in the order of `CONNECTIONS`."""
    return tuple(cast("type[VendorConnection]", import_object(path)) for path in CONNECTIONS)


def by_conn_type(conn_type: str) -> type[VendorConnection]:
    """Return the model for an Airflow connection type such as `jde_ais`.

    :raises ConfigurationError: naming the known types.
    """
    return _find("conn_type", conn_type)


def by_system(system: str) -> type[VendorConnection]:
    """Return the model for a system's name in the ledger, such as `jde`.

    :raises ConfigurationError: naming the known systems.
    """
    return _find("system", system)


def by_conn_id(conn_id: str) -> type[VendorConnection]:
    """Return the model whose default connection id is `conn_id`, such as `jde_default`.

    :raises ConfigurationError: naming the known default ids.
    """
    return _find("default_conn_id", conn_id)


def import_object(path: str) -> object:
    """Import what a `module:name` or a dotted `module.name` points at."""
    module, _, name = path.replace(":", ".").rpartition(".")
    return getattr(import_module(module), name)


def _find(attribute: str, wanted: str) -> type[VendorConnection]:
    models = {getattr(model, attribute): model for model in connection_models()}
    if wanted not in models:
        what = attribute.replace("_", " ")
        raise ConfigurationError(f"No vendor has the {what} '{wanted}'; known are: {', '.join(sorted(models))}.")
    return models[wanted]

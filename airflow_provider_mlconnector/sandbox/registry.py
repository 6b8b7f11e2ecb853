"""Which vendors the sandbox can play. Adding one is one line here."""

from __future__ import annotations

from importlib import import_module

from .core.vendor import Vendor

VENDORS = {
    "jde": "airflow_provider_mlconnector.sandbox.jde:JdeSandbox",
    "marketo": "airflow_provider_mlconnector.sandbox.marketo:MarketoSandbox",
    "mailchimp": "airflow_provider_mlconnector.sandbox.mailchimp:MailchimpSandbox",
    "qad": "airflow_provider_mlconnector.sandbox.qad:QadSandbox",
    "jaggaer": "airflow_provider_mlconnector.sandbox.jaggaer:JaggaerSandbox",
    "cin7": "airflow_provider_mlconnector.sandbox.cin7:Cin7Sandbox",
}


def vendor_class(name: str) -> type[Vendor]:
    """Return the class that plays vendor `name`, importing it only now; raises KeyError for an unknown name."""
    module, _, attribute = VENDORS[name].partition(":")
    found = getattr(import_module(module), attribute)
    if not (isinstance(found, type) and issubclass(found, Vendor)):
        raise TypeError(f"{VENDORS[name]} is not a Vendor")
    return found

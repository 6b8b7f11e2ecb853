"""JAGGAER ONE (J1P): suppliers, accounts, purchase orders and invoices over its REST gateway."""

from __future__ import annotations

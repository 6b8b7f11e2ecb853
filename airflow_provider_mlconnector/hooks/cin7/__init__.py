"""Cin7 Core: suppliers, purchases and the chart of accounts over its REST API."""

from __future__ import annotations

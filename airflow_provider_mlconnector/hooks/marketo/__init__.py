"""Adobe Marketo Engage: leads, companies, opportunities and custom objects over its REST API."""

from __future__ import annotations

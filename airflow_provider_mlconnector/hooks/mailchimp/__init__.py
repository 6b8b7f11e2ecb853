"""Mailchimp Marketing: audience members, tags, merge fields, e-commerce stores and customers over its REST API."""

from __future__ import annotations

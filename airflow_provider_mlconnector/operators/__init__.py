"""Operators: thin shells around the pipeline."""

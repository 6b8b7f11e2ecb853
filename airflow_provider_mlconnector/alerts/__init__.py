"""Telling people: a run has failed, records were rejected, a sync has fallen behind."""

"""Field maps: a mapping is a table of rows, validated, printable, extensible by the user, compiled once."""

from airflow_provider_mlconnector.mapping.compile import compile_rows
from airflow_provider_mlconnector.mapping.converters import CONVERTERS
from airflow_provider_mlconnector.mapping.fieldmap import FieldMap, Row, constant, to

__all__ = ["CONVERTERS", "FieldMap", "Row", "compile_rows", "constant", "to"]

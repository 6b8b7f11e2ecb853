"""Alembic's entry: runs on the connection that `connect.upgrade` hands over, inside its transaction."""

from alembic import context

from airflow_provider_mlconnector.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="mlc_alembic_version",
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()

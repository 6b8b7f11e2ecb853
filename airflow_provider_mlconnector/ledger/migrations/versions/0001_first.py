"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "mlc_account_context",
        sa.Column("instance", sa.String(length=32), nullable=False),
        sa.Column("account_key", sa.String(length=250), nullable=False),
        sa.Column("account_name", sa.Text(), nullable=True),
        sa.Column("opportunity_count", sa.Integer(), nullable=True),
        sa.Column("open_amount", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("opportunities", sa.Text(), nullable=True),
        sa.Column("sales_person", sa.Text(), nullable=True),
        sa.Column("last_activity_type", sa.Text(), nullable=True),
        sa.Column("last_activity_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("activity_count", sa.Integer(), nullable=True),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=True),
        sa.Column("activity_days", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("instance", "account_key"),
    )
    op.create_table(
        "mlc_chunk",
        sa.Column("instance", sa.String(length=32), nullable=False),
        sa.Column("sync", sa.String(length=100), nullable=False),
        sa.Column("run_id", sa.String(length=250), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("instance", "sync", "run_id", "position"),
    )
    op.create_table(
        "mlc_claim",
        sa.Column("target_key", sa.String(length=250), nullable=False),
        sa.Column("account", sa.String(length=32), nullable=False),
        sa.Column("object", sa.String(length=50), nullable=False),
        sa.Column("instance", sa.String(length=32), nullable=False),
        sa.Column("sync", sa.String(length=100), nullable=False),
        sa.Column("record_key", sa.String(length=250), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("target_key", "account", "object"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_mlc_claim_record", "mlc_claim", ["sync", "instance", "record_key"], unique=False)
    op.create_table(
        "mlc_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("instance", sa.String(length=32), nullable=False),
        sa.Column("sync", sa.String(length=100), nullable=False),
        sa.Column("record_key", sa.String(length=250), nullable=False),
        sa.Column("run_id", sa.String(length=250), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("target_key", sa.String(length=250), nullable=True),
        sa.Column("request_id", sa.String(length=100), nullable=True),
        sa.Column("reason_code", sa.String(length=100), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("fields", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_mlc_event_record", "mlc_event", ["record_key", "sync"], unique=False)
    op.create_index(
        "ix_mlc_event_rejected",
        "mlc_event",
        ["run_id", "sync", "instance", "reason_code", "id"],
        unique=False,
        sqlite_where=sa.text("(outcome = 'rejected')"),
        postgresql_where=sa.text("(outcome = 'rejected')"),
    )
    op.create_table(
        "mlc_lease",
        sa.Column("account", sa.String(length=32), nullable=False),
        sa.Column("object", sa.String(length=50), nullable=False),
        sa.Column("holder", sa.String(length=500), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("account", "object"),
    )
    op.create_table(
        "mlc_link",
        sa.Column("key_a", sa.String(length=250), nullable=False),
        sa.Column("entity", sa.String(length=50), nullable=False),
        sa.Column("instance", sa.String(length=32), nullable=False),
        sa.Column("system_a", sa.String(length=20), nullable=False),
        sa.Column("system_b", sa.String(length=20), nullable=False),
        sa.Column("key_b", sa.String(length=250), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_a", "entity", "instance", "system_a", "system_b"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_mlc_link_target",
        "mlc_link",
        ["key_b"],
        unique=False,
        sqlite_where=sa.text("(key_b <> key_a)"),
        postgresql_where=sa.text("(key_b <> key_a)"),
    )
    op.create_table(
        "mlc_map",
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "mlc_meta",
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "mlc_quota",
        sa.Column("account", sa.String(length=32), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account", "day"),
    )
    op.create_table(
        "mlc_record",
        sa.Column("instance", sa.String(length=32), nullable=False),
        sa.Column("sync", sa.String(length=100), nullable=False),
        sa.Column("record_key", sa.String(length=250), nullable=False),
        sa.Column("target_key", sa.String(length=250), nullable=True),
        sa.Column("content_hash", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("reason_code", sa.String(length=100), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_run_id", sa.String(length=250), nullable=True),
        sa.Column("last_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tried_hash", sa.String(length=32), nullable=True),
        sa.Column("map_version", sa.String(length=32), nullable=True),
        sa.Column("waits_for", sa.String(length=250), nullable=True),
        sa.PrimaryKeyConstraint("instance", "sync", "record_key"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_mlc_record_open",
        "mlc_record",
        ["sync", "instance", "status", "record_key"],
        unique=False,
        sqlite_where=sa.text("(status IN ('rejected', 'skipped', 'pending') OR waits_for IS NOT NULL)"),
        postgresql_where=sa.text("(status IN ('rejected', 'skipped', 'pending') OR waits_for IS NOT NULL)"),
    )
    op.create_table(
        "mlc_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("instance", sa.String(length=32), nullable=False),
        sa.Column("sync", sa.String(length=100), nullable=False),
        sa.Column("dag_id", sa.String(length=250), nullable=False),
        sa.Column("run_id", sa.String(length=250), nullable=False),
        sa.Column("run_type", sa.String(length=50), nullable=False),
        sa.Column("window_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("window_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("map_version", sa.String(length=32), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("first_event", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_mlc_run_newest", "mlc_run", ["sync", "id"], unique=False)
    op.create_index("ix_mlc_run_sync", "mlc_run", ["instance", "sync", "run_id"], unique=True)
    op.create_table(
        "mlc_slot",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("account", sa.String(length=32), nullable=False),
        sa.Column("holder", sa.String(length=250), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_mlc_slot_account", "mlc_slot", ["account", "ended_at"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_mlc_slot_account", table_name="mlc_slot")
    op.drop_table("mlc_slot")
    op.drop_index("ix_mlc_run_sync", table_name="mlc_run")
    op.drop_index("ix_mlc_run_newest", table_name="mlc_run")
    op.drop_table("mlc_run")
    op.drop_index(
        "ix_mlc_record_open",
        table_name="mlc_record",
        sqlite_where=sa.text("(status IN ('rejected', 'skipped', 'pending') OR waits_for IS NOT NULL)"),
        postgresql_where=sa.text("(status IN ('rejected', 'skipped', 'pending') OR waits_for IS NOT NULL)"),
    )
    op.drop_table("mlc_record")
    op.drop_table("mlc_quota")
    op.drop_table("mlc_meta")
    op.drop_table("mlc_map")
    op.drop_index(
        "ix_mlc_link_target",
        table_name="mlc_link",
        sqlite_where=sa.text("(key_b <> key_a)"),
        postgresql_where=sa.text("(key_b <> key_a)"),
    )
    op.drop_table("mlc_link")
    op.drop_table("mlc_lease")
    op.drop_index(
        "ix_mlc_event_rejected",
        table_name="mlc_event",
        sqlite_where=sa.text("(outcome = 'rejected')"),
        postgresql_where=sa.text("(outcome = 'rejected')"),
    )
    op.drop_index("ix_mlc_event_record", table_name="mlc_event")
    op.drop_table("mlc_event")
    op.drop_index("ix_mlc_claim_record", table_name="mlc_claim")
    op.drop_table("mlc_claim")
    op.drop_table("mlc_chunk")
    op.drop_table("mlc_account_context")

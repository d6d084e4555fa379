"""Initial."""

import sqlalchemy as sa
from alembic import op

from hydria.storage import columns

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "freshness",
        sa.Column("amphora_id", columns.Id(), nullable=False),
        sa.Column("load_balancer_id", columns.Id(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("boot_id", columns.Id(), nullable=True),
        sa.PrimaryKeyConstraint("amphora_id", name=op.f("pk_freshness")),
    )
    op.create_table(
        "operating",
        sa.Column("object_id", columns.Id(), nullable=False),
        sa.Column("load_balancer_id", columns.Id(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_operating")),
    )
    op.create_index(op.f("ix_operating_load_balancer_id"), "operating", ["load_balancer_id"], unique=False)
    op.create_table(
        "statistics",
        sa.Column("listener_id", columns.Id(), nullable=False),
        sa.Column("amphora_id", columns.Id(), nullable=False),
        sa.Column("load_balancer_id", columns.Id(), nullable=False),
        sa.Column("start", sa.String(length=64), nullable=False),
        sa.Column("active_connections", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("total_connections", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bytes_in", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bytes_out", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("request_errors", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_total_connections", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_bytes_in", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_bytes_out", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_request_errors", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("listener_id", "amphora_id", name=op.f("pk_statistics")),
    )
    op.create_index(op.f("ix_statistics_load_balancer_id"), "statistics", ["load_balancer_id"], unique=False)

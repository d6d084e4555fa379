"""Addresses are shown as they were written."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("load_balancer", sa.Column("vip_address_spelled", sa.String(length=64), nullable=True))
    op.add_column("member", sa.Column("address_spelled", sa.String(length=64), nullable=True))
    op.add_column("member", sa.Column("monitor_address_spelled", sa.String(length=64), nullable=True))

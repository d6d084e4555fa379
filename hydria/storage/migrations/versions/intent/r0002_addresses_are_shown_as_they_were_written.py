"""Addresses are shown as they were written."""

import ipaddress

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


SPELLED = {"load_balancer": ("vip_address",), "member": ("address", "monitor_address")}


def upgrade() -> None:
    for table, names in SPELLED.items():
        known = _columns(table)
        for name in (f"{n}_spelled" for n in names):
            if name not in known:
                op.add_column(table, sa.Column(name, sa.String(length=64), nullable=True))
    if not op.get_context().as_sql:
        for table, names in SPELLED.items():
            for name in names:
                _one_form(table, name)


def _columns(table: str) -> set[str]:
    """Those that are there: MariaDB keeps every statement, also of an upgrade that was killed on its way."""
    return set() if op.get_context().as_sql else {c["name"] for c in sa.inspect(op.get_bind()).get_columns(table)}


def _one_form(table: str, name: str) -> None:
    """Give IPv4 addresses written as IPv6 ones the form in which they are compared; Pythons before 3.13 wrote another."""
    rows = sa.table(table, sa.column("id"), sa.column(name))
    column = rows.c[name]
    c = op.get_bind()
    for row_id, address in c.execute(sa.select(rows.c.id, column).where(column.like("::ffff:%:%"))).all():
        if mapped := ipaddress.IPv6Address(address).ipv4_mapped:
            c.execute(sa.update(rows).where(rows.c.id == row_id).values({name: f"::ffff:{mapped}"}))

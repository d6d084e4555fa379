"""Every table, with its one writer. Those of the domain are derived from its declarations."""

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

from hydria.domain import kinds
from hydria.domain.amphora import Amphora
from hydria.domain.offers import AvailabilityZone, AvailabilityZoneProfile, Flavor, FlavorProfile
from hydria.storage import columns
from hydria.storage.columns import BIG, BLOB, Id, Json

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

INTENT = MetaData(naming_convention=NAMES)
"""What must never be lost."""

OBSERVED = MetaData(naming_convention=NAMES)
"""What can be seen again: on SQLite a file of its own, written with less care."""

# --- intent: written by the API; the worker removes rows whose deletion it has settled
TREE: dict[str, Table] = {}
for _kind in kinds.KINDS:
    _table = Table(_kind.table, INTENT, *columns.columns(_kind.resource, "id"))
    Index(None, _table.c.project_id, _table.c.created_at, _table.c.id)
    Index(None, _table.c.load_balancer_id)
    TREE[_kind.table] = _table
Index(None, TREE["load_balancer"].c.vip_port_id, unique=True)
Index(None, TREE["member"].c.pool_id, TREE["member"].c.address)
Index(None, TREE["health_monitor"].c.pool_id)
Index(None, TREE["l7policy"].c.listener_id)
Index(None, TREE["l7rule"].c.l7policy_id)

# --- offers: written by the API
FLAVOR_PROFILE = Table("flavor_profile", INTENT, *columns.columns(FlavorProfile, "id"))
FLAVOR = Table("flavor", INTENT, *columns.columns(Flavor, "id"), UniqueConstraint("name"))
ZONE_PROFILE = Table("availability_zone_profile", INTENT, *columns.columns(AvailabilityZoneProfile, "id"))
ZONE = Table("availability_zone", INTENT, *columns.columns(AvailabilityZone, "name"))

QUOTA_KINDS = tuple(k.table for k in kinds.KINDS)
# --- quota: limits and what is taken by the API; what a settled deletion frees by the worker
QUOTA = Table(
    "quota",
    INTENT,
    Column("project_id", String(36), primary_key=True),
    *(Column(f"limit_{k}", Integer) for k in QUOTA_KINDS),  # null: the default
    *(Column(f"used_{k}", Integer, nullable=False, default=0) for k in QUOTA_KINDS),
)

# --- progress: `wanted` is raised by the API; all else is written by the worker that holds `epoch`
PROGRESS = Table(
    "progress",
    INTENT,
    Column("load_balancer_id", Id, primary_key=True),
    Column("wanted", BIG, nullable=False, default=0),
    Column("settled", BIG, nullable=False, default=0),
    Column("owner", String(64), nullable=False, default=""),  # "" : nobody
    Column("epoch", BIG, nullable=False, default=0),
    Column("beat", BIG, nullable=False, default=0),
    Column("not_before", BIG, nullable=False, default=0),  # microseconds since 1970
    Column("attempts", Integer, nullable=False, default=0),  # failed runs in a row
    Column("step", String(64)),
    Column("reason", Text),
    Column("remedy", Text),
    Column("request_id", String(64)),
)

# --- accepted: what the data plane last proved and runs; written by the worker
ACCEPTED = Table(
    "accepted",
    INTENT,
    Column("load_balancer_id", Id, primary_key=True),
    Column("generation", BIG, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("tree", BLOB, nullable=False),
)

# --- verdict: why an object is not in the accepted tree; written by the worker
VERDICT = Table(
    "verdict",
    INTENT,
    Column("object_id", Id, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("load_balancer_id", Id, nullable=False, index=True),
    Column("changed", BIG, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("because", Id),
    Column("revision", Integer, nullable=False),
    Column("image", String(255), nullable=False),
    Column("bare", Boolean, nullable=False),
    Column("request_id", String(64)),
    Column("at", BIG, nullable=False),
)

# --- amphora, placement, external: written by the worker (external of a VIP: planned by the API)
AMPHORA = Table("amphora", INTENT, *columns.columns(Amphora, "id"))
Index(None, AMPHORA.c.loadbalancer_id)
PLACEMENT = Table(
    "placement",
    INTENT,
    Column("amphora_id", Id, primary_key=True),
    Column("load_balancer_id", Id, primary_key=True, index=True),
    Column("epoch", BIG, nullable=False, default=0),
    Column("generation", BIG, nullable=False, default=0),
    Column("digest", String(64)),
    Column("start", String(64)),
)
EXTERNAL = Table(
    "external",
    INTENT,
    Column("name", Id, primary_key=True),
    Column("kind", String(16), nullable=False),  # server | port
    Column("purpose", String(16), nullable=False),  # server | management | vip | vrrp | member
    Column("load_balancer_id", Id, nullable=False, index=True),
    Column("amphora_id", Id, index=True),
    Column("state", String(16), nullable=False),  # see storage.ledger
    Column("cloud_id", String(255)),
    Column("network_id", Id),
    Column("subnet_id", Id),
    Column("address", String(64)),
    Column("mac", String(32)),
    Column("plugged", Boolean, nullable=False, default=False),
    Column("cell", String(64), nullable=False, default=""),
    Column("created_at", BIG, nullable=False),
    Column("doomed_at", BIG),
)

# --- suspicion: raised by the health manager, taken away by the worker that has looked
SUSPICION = Table(
    "suspicion",
    INTENT,
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("amphora_id", Id, nullable=False),
    Column("load_balancer_id", Id, nullable=False, index=True),
    Column("what", String(32), nullable=False),  # see domain.suspicions
    Column("detail", Text),
    Column("at", BIG, nullable=False),
)

# --- demand: what operators ask of amphorae, raised by the API; taken away by the worker that has settled it
DEMAND = Table(
    "demand",
    INTENT,
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("amphora_id", Id, nullable=False),
    Column("load_balancer_id", Id, nullable=False, index=True),
    Column("what", String(16), nullable=False),  # see domain.demands
    Column("generation", BIG, nullable=False),
)

# --- journal: writes by the API, runs by the worker; never changed
JOURNAL = Table(
    "journal",
    INTENT,
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("at", BIG, nullable=False, index=True),
    Column("load_balancer_id", Id, nullable=False),
    Column("project_id", String(36), nullable=False),
    Column("generation", BIG, nullable=False),
    Column("entry", String(8), nullable=False),  # write | run
    Column("action", String(32), nullable=False),  # create | update | delete …
    Column("kind", String(32), nullable=False),
    Column("object_id", Id, nullable=False),
    Column("who", String(64), nullable=False),
    Column("request_id", String(64)),
    Column("changes", Json),  # write: attribute -> [before, after]; run: steps with durations and outcomes
    Column("outcome", Text),
)
Index(None, JOURNAL.c.load_balancer_id, JOURNAL.c.id)

# --- idempotency: answers to writes that carried a key, by the API in the transaction of the write; trimmed by housekeeping
IDEMPOTENCY = Table(
    "idempotency",
    INTENT,
    Column("project_id", String(36), primary_key=True),
    Column("user_id", String(64), primary_key=True),
    Column("key", String(64), primary_key=True),  # a digest of what the client wrote
    Column("digest", String(64), nullable=False),  # of method, path and body
    Column("object_id", Id),  # what was made, while the answer is not known yet
    Column("code", Integer),  # null: not answered yet
    Column("etag", String(32)),
    Column("body", BLOB),
    Column("at", BIG, nullable=False, index=True),
)

# --- what the local network driver remembers (`PortBook`)
LOCAL_PORT = Table(
    "local_port",
    INTENT,
    Column("id", Id, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("subnet_id", Id, nullable=False),
    Column("address", String(64), nullable=False),
    Column("body", Text, nullable=False),  # the driver's own
    UniqueConstraint("subnet_id", "address"),
)

# --- observed: written by the health manager
OPERATING = Table(
    "operating",
    OBSERVED,
    Column("object_id", Id, primary_key=True),
    Column("load_balancer_id", Id, nullable=False, index=True),
    Column("status", String(16), nullable=False),
    Column("at", BIG, nullable=False),
)
STATISTICS = Table(
    "statistics",
    OBSERVED,
    Column("listener_id", Id, primary_key=True),
    Column("amphora_id", Id, primary_key=True),
    Column("load_balancer_id", Id, nullable=False, index=True),
    Column("start", String(64), nullable=False),
    Column("active_connections", BIG, nullable=False),
    Column("total_connections", BIG, nullable=False),
    Column("bytes_in", BIG, nullable=False),
    Column("bytes_out", BIG, nullable=False),
    Column("request_errors", BIG, nullable=False),
    # the counters of `start` as last heard: what is added next is the difference to them
    Column("last_total_connections", BIG, nullable=False, default=0),
    Column("last_bytes_in", BIG, nullable=False, default=0),
    Column("last_bytes_out", BIG, nullable=False, default=0),
    Column("last_request_errors", BIG, nullable=False, default=0),
)
FRESHNESS = Table(
    "freshness",
    OBSERVED,
    Column("amphora_id", Id, primary_key=True),
    Column("load_balancer_id", Id),
    Column("late", Boolean, nullable=False),
    Column("seen_at", BIG, nullable=False),
    Column("boot_id", Id),
)

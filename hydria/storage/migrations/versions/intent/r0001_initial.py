"""Initial."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from hydria.storage import columns

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accepted",
        sa.Column("load_balancer_id", columns.Id(), nullable=False),
        sa.Column("generation", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column(
            "tree",
            sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mariadb").with_variant(mysql.LONGBLOB(), "mysql"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("load_balancer_id", name=op.f("pk_accepted")),
    )
    op.create_table(
        "amphora",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("loadbalancer_id", columns.Id(), nullable=True),
        sa.Column("compute_id", sa.String(length=255), nullable=True),
        sa.Column("lb_network_ip", sa.String(length=64), nullable=True),
        sa.Column("vrrp_ip", sa.String(length=64), nullable=True),
        sa.Column("ha_ip", sa.String(length=64), nullable=True),
        sa.Column("vrrp_port_id", columns.Id(), nullable=True),
        sa.Column("ha_port_id", columns.Id(), nullable=True),
        sa.Column("cert_expiration", sa.BigInteger(), nullable=True),
        sa.Column("cert_busy", sa.Boolean(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("vrrp_interface", sa.String(length=64), nullable=True),
        sa.Column("vrrp_id", sa.BigInteger(), nullable=True),
        sa.Column("vrrp_priority", sa.BigInteger(), nullable=True),
        sa.Column("cached_zone", sa.String(length=255), nullable=True),
        sa.Column("image_id", sa.String(length=255), nullable=True),
        sa.Column("compute_flavor", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("session", sa.String(length=64), nullable=True),
        sa.Column("master_version", sa.BigInteger(), nullable=False),
        sa.Column("node_epoch", sa.BigInteger(), nullable=False),
        sa.Column("boot_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_amphora")),
    )
    op.create_index(op.f("ix_amphora_loadbalancer_id"), "amphora", ["loadbalancer_id"], unique=False)
    op.create_table(
        "availability_zone",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("availability_zone_profile_id", columns.Id(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_availability_zone")),
    )
    op.create_table(
        "availability_zone_profile",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("provider_name", sa.String(length=255), nullable=False),
        sa.Column("availability_zone_data", sa.String(length=4096), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_availability_zone_profile")),
    )
    op.create_table(
        "demand",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("amphora_id", columns.Id(), nullable=False),
        sa.Column("load_balancer_id", columns.Id(), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("generation", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demand")),
    )
    op.create_index(op.f("ix_demand_load_balancer_id"), "demand", ["load_balancer_id"], unique=False)
    op.create_table(
        "external",
        sa.Column("name", columns.Id(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("load_balancer_id", columns.Id(), nullable=False),
        sa.Column("amphora_id", columns.Id(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("cloud_id", sa.String(length=255), nullable=True),
        sa.Column("network_id", columns.Id(), nullable=True),
        sa.Column("subnet_id", columns.Id(), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("mac", sa.String(length=32), nullable=True),
        sa.Column("plugged", sa.Boolean(), nullable=False),
        sa.Column("cell", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("doomed_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_external")),
    )
    op.create_index(op.f("ix_external_amphora_id"), "external", ["amphora_id"], unique=False)
    op.create_index(op.f("ix_external_load_balancer_id"), "external", ["load_balancer_id"], unique=False)
    op.create_table(
        "flavor",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("flavor_profile_id", columns.Id(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flavor")),
        sa.UniqueConstraint("name", name=op.f("uq_flavor_name")),
    )
    op.create_table(
        "flavor_profile",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("provider_name", sa.String(length=255), nullable=False),
        sa.Column("flavor_data", sa.String(length=4096), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flavor_profile")),
    )
    op.create_table(
        "health_monitor",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("load_balancer_id", columns.Id(), nullable=False),
        sa.Column("born", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("touched", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("pool_id", columns.Id(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("delay", sa.Integer(), nullable=False),
        sa.Column("timeout", sa.Integer(), nullable=False),
        sa.Column("max_retries", sa.Integer(), nullable=False),
        sa.Column("max_retries_down", sa.Integer(), nullable=False),
        sa.Column("http_method", sa.String(length=32), nullable=True),
        sa.Column("url_path", sa.String(length=2048), nullable=True),
        sa.Column("expected_codes", sa.String(length=64), nullable=True),
        sa.Column("http_version", sa.Float(), nullable=True),
        sa.Column("domain_name", sa.String(length=255), nullable=True),
        sa.Column("tags", columns.Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_health_monitor")),
    )
    op.create_index(op.f("ix_health_monitor_load_balancer_id"), "health_monitor", ["load_balancer_id"], unique=False)
    op.create_index(op.f("ix_health_monitor_pool_id"), "health_monitor", ["pool_id"], unique=False)
    op.create_index(
        op.f("ix_health_monitor_project_id_created_at_id"),
        "health_monitor",
        ["project_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "idempotency",
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("object_id", columns.Id(), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("etag", sa.String(length=32), nullable=True),
        sa.Column(
            "body",
            sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mariadb").with_variant(mysql.LONGBLOB(), "mysql"),
            nullable=True,
        ),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "user_id", "key", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_at"), "idempotency", ["at"], unique=False)
    op.create_table(
        "journal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("load_balancer_id", columns.Id(), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("generation", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry", sa.String(length=8), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("object_id", columns.Id(), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("changes", columns.Json(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )
    op.create_index(op.f("ix_journal_at"), "journal", ["at"], unique=False)
    op.create_index(op.f("ix_journal_load_balancer_id_id"), "journal", ["load_balancer_id", "id"], unique=False)
    op.create_table(
        "l7policy",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("load_balancer_id", columns.Id(), nullable=False),
        sa.Column("born", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("touched", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("listener_id", columns.Id(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("redirect_pool_id", columns.Id(), nullable=True),
        sa.Column("redirect_url", sa.String(length=255), nullable=True),
        sa.Column("redirect_prefix", sa.String(length=255), nullable=True),
        sa.Column("redirect_http_code", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("tags", columns.Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_l7policy")),
    )
    op.create_index(op.f("ix_l7policy_listener_id"), "l7policy", ["listener_id"], unique=False)
    op.create_index(op.f("ix_l7policy_load_balancer_id"), "l7policy", ["load_balancer_id"], unique=False)
    op.create_index(
        op.f("ix_l7policy_project_id_created_at_id"), "l7policy", ["project_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "l7rule",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("load_balancer_id", columns.Id(), nullable=False),
        sa.Column("born", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("touched", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("l7policy_id", columns.Id(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("compare_type", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=True),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.Column("invert", sa.Boolean(), nullable=False),
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("tags", columns.Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_l7rule")),
    )
    op.create_index(op.f("ix_l7rule_l7policy_id"), "l7rule", ["l7policy_id"], unique=False)
    op.create_index(op.f("ix_l7rule_load_balancer_id"), "l7rule", ["load_balancer_id"], unique=False)
    op.create_index(
        op.f("ix_l7rule_project_id_created_at_id"), "l7rule", ["project_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "listener",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("load_balancer_id", columns.Id(), nullable=False),
        sa.Column("born", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("touched", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("protocol", sa.String(length=32), nullable=False),
        sa.Column("protocol_port", sa.Integer(), nullable=False),
        sa.Column("connection_limit", sa.Integer(), nullable=False),
        sa.Column("default_tls_container_ref", sa.String(length=255), nullable=True),
        sa.Column("sni_container_refs", columns.Json(), nullable=False),
        sa.Column("default_pool_id", columns.Id(), nullable=True),
        sa.Column("insert_headers", columns.Json(), nullable=False),
        sa.Column("timeout_client_data", sa.Integer(), nullable=True),
        sa.Column("timeout_member_connect", sa.Integer(), nullable=True),
        sa.Column("timeout_member_data", sa.Integer(), nullable=True),
        sa.Column("timeout_tcp_inspect", sa.Integer(), nullable=True),
        sa.Column("tags", columns.Json(), nullable=False),
        sa.Column("client_ca_tls_container_ref", sa.String(length=255), nullable=True),
        sa.Column("client_authentication", sa.String(length=32), nullable=False),
        sa.Column("client_crl_container_ref", sa.String(length=255), nullable=True),
        sa.Column("allowed_cidrs", columns.Json(), nullable=False),
        sa.Column("tls_ciphers", sa.String(length=2048), nullable=True),
        sa.Column("tls_versions", columns.Json(), nullable=True),
        sa.Column("alpn_protocols", columns.Json(), nullable=True),
        sa.Column("hsts_max_age", sa.Integer(), nullable=True),
        sa.Column("hsts_include_subdomains", sa.Boolean(), nullable=False),
        sa.Column("hsts_preload", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listener")),
    )
    op.create_index(op.f("ix_listener_load_balancer_id"), "listener", ["load_balancer_id"], unique=False)
    op.create_index(
        op.f("ix_listener_project_id_created_at_id"), "listener", ["project_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "load_balancer",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("load_balancer_id", columns.Id(), nullable=False),
        sa.Column("born", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("touched", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("vip_address", sa.String(length=64), nullable=True),
        sa.Column("vip_port_id", columns.Id(), nullable=True),
        sa.Column("vip_subnet_id", columns.Id(), nullable=True),
        sa.Column("vip_network_id", columns.Id(), nullable=True),
        sa.Column("vip_qos_policy_id", columns.Id(), nullable=True),
        sa.Column("vip_vnic_type", sa.String(length=32), nullable=False),
        sa.Column("vip_sg_ids", columns.Json(), nullable=False),
        sa.Column("additional_vips", columns.Json(), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=True),
        sa.Column("flavor_id", columns.Id(), nullable=True),
        sa.Column("availability_zone", sa.String(length=255), nullable=True),
        sa.Column("tags", columns.Json(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("vip_owned", sa.Boolean(), nullable=False),
        sa.Column("cell", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_load_balancer")),
    )
    op.create_index(op.f("ix_load_balancer_load_balancer_id"), "load_balancer", ["load_balancer_id"], unique=False)
    op.create_index(
        op.f("ix_load_balancer_project_id_created_at_id"),
        "load_balancer",
        ["project_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_load_balancer_vip_port_id"), "load_balancer", ["vip_port_id"], unique=True)
    op.create_table(
        "local_port",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("subnet_id", columns.Id(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_local_port")),
        sa.UniqueConstraint("name", name=op.f("uq_local_port_name")),
        sa.UniqueConstraint("subnet_id", "address", name=op.f("uq_local_port_subnet_id_address")),
    )
    op.create_table(
        "member",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("load_balancer_id", columns.Id(), nullable=False),
        sa.Column("born", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("touched", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("pool_id", columns.Id(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("protocol_port", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("backup", sa.Boolean(), nullable=False),
        sa.Column("subnet_id", columns.Id(), nullable=True),
        sa.Column("monitor_port", sa.Integer(), nullable=True),
        sa.Column("monitor_address", sa.String(length=64), nullable=True),
        sa.Column("tags", columns.Json(), nullable=False),
        sa.Column("vnic_type", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
    )
    op.create_index(op.f("ix_member_load_balancer_id"), "member", ["load_balancer_id"], unique=False)
    op.create_index(op.f("ix_member_pool_id_address"), "member", ["pool_id", "address"], unique=False)
    op.create_index(
        op.f("ix_member_project_id_created_at_id"), "member", ["project_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "placement",
        sa.Column("amphora_id", columns.Id(), nullable=False),
        sa.Column("load_balancer_id", columns.Id(), nullable=False),
        sa.Column("epoch", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("generation", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("start", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("amphora_id", "load_balancer_id", name=op.f("pk_placement")),
    )
    op.create_index(op.f("ix_placement_load_balancer_id"), "placement", ["load_balancer_id"], unique=False)
    op.create_table(
        "pool",
        sa.Column("id", columns.Id(), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("load_balancer_id", columns.Id(), nullable=False),
        sa.Column("born", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("touched", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("protocol", sa.String(length=32), nullable=False),
        sa.Column("lb_algorithm", sa.String(length=32), nullable=False),
        sa.Column("session_persistence", columns.Json(), nullable=True),
        sa.Column("tags", columns.Json(), nullable=False),
        sa.Column("tls_container_ref", sa.String(length=255), nullable=True),
        sa.Column("ca_tls_container_ref", sa.String(length=255), nullable=True),
        sa.Column("crl_container_ref", sa.String(length=255), nullable=True),
        sa.Column("tls_enabled", sa.Boolean(), nullable=False),
        sa.Column("tls_ciphers", sa.String(length=2048), nullable=True),
        sa.Column("tls_versions", columns.Json(), nullable=True),
        sa.Column("alpn_protocols", columns.Json(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool")),
    )
    op.create_index(op.f("ix_pool_load_balancer_id"), "pool", ["load_balancer_id"], unique=False)
    op.create_index(op.f("ix_pool_project_id_created_at_id"), "pool", ["project_id", "created_at", "id"], unique=False)
    op.create_table(
        "progress",
        sa.Column("load_balancer_id", columns.Id(), nullable=False),
        sa.Column("wanted", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("settled", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("beat", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("not_before", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("load_balancer_id", name=op.f("pk_progress")),
    )
    op.create_table(
        "quota",
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("limit_load_balancer", sa.Integer(), nullable=True),
        sa.Column("limit_listener", sa.Integer(), nullable=True),
        sa.Column("limit_pool", sa.Integer(), nullable=True),
        sa.Column("limit_member", sa.Integer(), nullable=True),
        sa.Column("limit_health_monitor", sa.Integer(), nullable=True),
        sa.Column("limit_l7policy", sa.Integer(), nullable=True),
        sa.Column("limit_l7rule", sa.Integer(), nullable=True),
        sa.Column("used_load_balancer", sa.Integer(), nullable=False),
        sa.Column("used_listener", sa.Integer(), nullable=False),
        sa.Column("used_pool", sa.Integer(), nullable=False),
        sa.Column("used_member", sa.Integer(), nullable=False),
        sa.Column("used_health_monitor", sa.Integer(), nullable=False),
        sa.Column("used_l7policy", sa.Integer(), nullable=False),
        sa.Column("used_l7rule", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_quota")),
    )
    op.create_table(
        "suspicion",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("amphora_id", columns.Id(), nullable=False),
        sa.Column("load_balancer_id", columns.Id(), nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspicion")),
    )
    op.create_index(op.f("ix_suspicion_load_balancer_id"), "suspicion", ["load_balancer_id"], unique=False)
    op.create_table(
        "verdict",
        sa.Column("object_id", columns.Id(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("load_balancer_id", columns.Id(), nullable=False),
        sa.Column("changed", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("because", columns.Id(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("image", sa.String(length=255), nullable=False),
        sa.Column("bare", sa.Boolean(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_verdict")),
    )
    op.create_index(op.f("ix_verdict_load_balancer_id"), "verdict", ["load_balancer_id"], unique=False)

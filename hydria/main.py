"""One function per process: reads settings, builds adapters, wires, runs. The only place that wires; long and dull."""

import argparse
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from hydria import __version__, configuration
from hydria.configuration import Settings
from hydria.kit import clock, ids, log
from hydria.kit.secret import Secret

PROGRAMS = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")
SAME = (
    "allow_pagination",
    "allow_sorting",
    "allow_filtering",
    "allow_field_selection",
    "pagination_max_limit",
    "strict_immutable",
)
"""Options of the API that its settings call the same."""


def load(name: str) -> Any:
    """A module of ours by name: a process loads only the drivers it uses."""
    return import_module(f"hydria.{name}")


# --- parts that several processes share


def databases(settings: Settings) -> tuple[Any, Any]:
    """What must never be lost, and what can be seen again."""
    database, tables = load("storage.database"), load("storage.tables")
    return (
        database.Database(settings.database(), tables.INTENT),
        database.Database(settings.database(observed=True), tables.OBSERVED, durable=False),
    )


def networks(settings: Settings, deployment: str | None = None) -> Any:
    """The networks of this machine."""
    cidrs = (settings.option("local_network", f"{n}_cidr") for n in ("management", "vip", "member"))
    return load("drivers.network.local.settings").defaults(deployment or settings.deployment, *cidrs)


def network(settings: Settings, intent: Any, time: clock.Clock) -> Any:
    """The network driver."""
    if settings.option("controller_worker", "network_driver") == "noop":
        return load("drivers.network.noop").NoopNetwork(time)
    book = load("storage.portbook").StoredBook(intent)
    detach = load("drivers.network.local.wires").detach
    return load("drivers.network.local.driver").LocalNetwork(networks(settings), book, time, detach)


def compute(settings: Settings, time: clock.Clock) -> Any:
    """The compute driver."""
    if settings.option("controller_worker", "compute_driver") == "noop":
        return load("drivers.compute.noop").NoopCompute(time)
    agent = (sys.executable, "-m", "hydria.agent", "/etc/hydria/amphora-agent.json")
    path = (("PYTHONPATH", str(Path(__file__).parent.parent)),)
    machines = load("drivers.compute.local.settings").LocalMachines(settings.state, agent, path)
    return load("drivers.compute.local.driver").LocalCompute(machines, networks(settings), time)


def issuer(settings: Settings, time: clock.Clock) -> Any:
    """Who signs certificates."""
    return load("drivers.certificates.local").LocalIssuer(settings.state / "certificates", settings.deployment, time)


def amphorae(settings: Settings, signer: Any, time: clock.Clock) -> Any:
    """How amphorae are spoken to."""
    if settings.option("controller_worker", "amphora_driver") == "noop":
        return load("amphora.noop").NoopAmphorae(time)
    agent = load("amphora.agent")
    name = "controller"
    return agent.AgentAmphorae(
        signer, lambda: signer.controller_certificate(name), settings.deployment, time, agent.Settings()
    )


def master_keys(settings: Settings) -> dict[int, Secret]:
    """The keys that session keys derive from: `<version>:<hex>` a line."""
    lines = (settings.state / "master.keys").read_text().split()
    return {int(v): Secret(bytes.fromhex(k)) for v, k in (line.split(":") for line in lines)}


def controllers(settings: Settings) -> tuple[str, ...]:
    """Where amphorae send datagrams."""
    return (f"{health_address(settings)}:{settings.option('health_manager', 'bind_port')}",)


def nudge(settings: Settings) -> Any:
    """How workers are told; between machines a broker carries it, which one machine does without."""
    url = settings.option("DEFAULT", "transport_url")
    return load("messaging.rabbit").RabbitNudge(url) if url else load("messaging.local").LocalNudge(_nudges(settings))


def inbox(settings: Settings, worker: str) -> Any:
    """Where a worker is told."""
    url = settings.option("DEFAULT", "transport_url")
    if url:
        return load("messaging.rabbit").RabbitInbox(url, worker)
    return load("messaging.local").LocalInbox(_nudges(settings), worker)


def _nudges(settings: Settings) -> Path:
    return settings.run / "nudge"


def health_address(settings: Settings) -> str:
    """The address of the health manager; known before the deployment has a name."""
    given: str = settings.option("health_manager", "bind_ip")
    if given:
        return given
    return str(networks(settings, ids.NIL).host_address) if settings.is_local() else "127.0.0.1"


def metrics(settings: Settings, number: int, *gathers: Any, shared: bool = False) -> Any:
    """What a process shows Prometheus, served unless it is not wanted; the registry for more of it."""
    kit = load("kit.metrics")
    made = kit.registry(*gathers, shared=shared)
    if settings.option("metrics", "enabled"):
        kit.serve(settings.option("metrics", "bind_host"), settings.option("metrics", "bind_port") + number, made)
    return made


def until_told(stop: Callable[[], None]) -> None:
    """End gracefully on SIGTERM and SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=stop).start())


def _works(settings: Settings, process: str, pid: int = 0, **fields: str) -> None:
    """Say that a process has begun to work, and write down what it is."""
    values = {key: value for key, value in settings.values().items() if key in settings.looked_at}
    load("kit.running").note(settings.records, process, pid or os.getpid(), values)
    log.get().info(f"{process}.started", version=__version__, **fields)


# --- processes


def api(settings: Settings) -> None:
    """The API, with the look-ups of one machine where it is local."""
    told, process = os.environ.pop("HYDRIA_API", ""), load("api.server.process")
    of = {name: settings.option("api_settings", name) for name in process.OPTIONS}
    if told in ("", "plan"):
        process.begin(of, settings.run, is_asked=bool(told))
        return
    _share_metrics(settings)
    most_bytes = settings.option("oslo_middleware", "max_request_body_size")
    needs_token = settings.option("api_settings", "auth_strategy") != "noauth"
    serving = process.Serving(of, load("api.requests").Allowance(most_bytes, needs_token), needs_token)
    time = clock.SystemClock()
    meter, application = _app(settings, time, serving.writing)
    front = serving.front(application, meter, time)
    _works(settings, "api", os.getppid())
    process.run(front, process.Descriptors.read(told))


def identity(settings: Settings, time: clock.Clock) -> Any:
    """Who tells who a caller is."""
    strategy = settings.option("api_settings", "auth_strategy")
    if strategy == "keystone":
        return load("drivers.identity.keystone").KeystoneIdentity()
    if strategy == "noauth":
        log.get().warning("api.open", why="auth_strategy = noauth: whoever reaches the API may do everything")
        return load("drivers.identity.noop").NoAuth()
    return load("drivers.identity.local").LocalIdentity(settings.state / "users.json", time)


def policy(settings: Settings, time: clock.Clock) -> Any:
    """Who may do what."""
    access = load("api.access")
    if settings.is_open():
        return access.Open()
    of = (settings.option("oslo_policy", name) for name in ("enforce_scope", "enforce_new_defaults"))
    try:
        return access.Rules(access.PolicySettings(settings.policy_file(), *of), time)
    except ValueError as error:
        raise configuration.BadSettings(f"{settings.path}: [oslo_policy] policy_file: {error}") from error


def _fronted(settings: Settings, app: Any, time: clock.Clock) -> Any:
    """The application with what stands before it."""
    if settings.option("api_settings", "auth_strategy") == "keystone":
        app = load("drivers.identity.keystone").Guard(app, settings.for_libraries(), time)
    if settings.option("oslo_middleware", "enable_proxy_headers_parsing"):
        proxied = import_module("oslo_middleware.http_proxy_to_wsgi").HTTPProxyToWSGI
        app = proxied(app, {"enable_proxy_headers_parsing": True})
    return app


def _api_metrics(settings: Settings, intent: Any, time: clock.Clock) -> Any:
    """The meter of requests. Several processes write into a folder; whichever has the address serves what is there."""
    module, shared = load("api.metrics"), settings.option("api_settings", "workers") > 1
    made = metrics(settings, 0, module.Standing(intent, time), shared=shared)
    return module.Requests(None if shared else made)


def _share_metrics(settings: Settings) -> None:
    """Before the first import of the library: the folder into which several processes write, those before a hand-over too."""
    if settings.option("api_settings", "workers") > 1:
        folder = settings.run / "metrics"
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def _app(settings: Settings, time: clock.Clock, writing: Any) -> tuple[Any, Any]:
    """The meter of requests, and the application. `writing`: the threads that answer writes."""
    intent, observed = databases(settings)
    context = load("api.context")
    who = identity(settings, time)
    renders = _renders(settings)
    meter = _api_metrics(settings, intent, time)
    app = load("api.app").create(
        context.Context(
            database=intent,
            observed=observed,
            network=network(settings, intent, time),
            nudge=nudge(settings),
            identity=who,
            policy=policy(settings, time),
            writing=writing,
            meter=meter,
            clock=time,
            settings=api_settings(settings),
            **({"lacks": load("render.unsupported").LACKS} if renders else {}),
            local=who if settings.is_self_contained() else None,
        )
    )
    return meter, _fronted(settings, app, time)


def _renders(settings: Settings) -> bool:
    """Whether what users ask for is written for haproxy."""
    return bool(settings.option("controller_worker", "amphora_driver") != "noop")


def api_settings(settings: Settings) -> Any:
    """The settings of the API, as the file says."""
    of, worker = settings.option, "controller_worker"
    return load("api.context").ApiSettings(
        public_url=settings.base_uri(),
        wait_s=of("api_settings", "wait_timeout"),
        fast_ack_ms=of("api_settings", "fast_ack_ms"),
        create_s=of(worker, "create_deadline"),
        push_s=of(worker, "push_deadline"),
        delete_s=of(worker, "push_deadline"),
        healthcheck=of("api_settings", "healthcheck_enabled"),
        most_bytes=of("oslo_middleware", "max_request_body_size"),
        **{name: of("api_settings", name) for name in SAME},
        **{n: of("networking", n) for n in ("allow_vip_network_id", "allow_vip_subnet_id", "allow_vip_port_id")},
        default_provider=of("api_settings", "default_provider_driver"),
        providers=of("api_settings", "enabled_provider_drivers"),
        offer=_offer(settings),
        vips=_vips(settings),
        quotas=settings.quotas(),
    )


def _offer(settings: Settings) -> Any:
    """What users may ask for, and what those get who do not ask."""
    rules, of = load("domain.rules"), settings.option
    api, ms = "api_settings", "haproxy_amphora"
    listeners, pools = (
        rules.Usual(
            ciphers=of(api, f"default_{thing}_ciphers"),
            tls_versions=tuple(of(api, f"default_{thing}_tls_versions")),
            alpn=tuple(of(api, f"default_{thing}_alpn_protocols")),
        )
        for thing in ("listener", "pool")
    )
    return rules.Offer(
        tls_listeners=of(api, "allow_tls_terminated_listeners"),
        prometheus_listeners=of(api, "allow_prometheus_listeners"),
        ping_monitors=of(api, "allow_ping_health_monitors"),
        minimum_tls_version=of(api, "minimum_tls_version"),
        prohibited_ciphers=settings.prohibited_ciphers(),
        listeners=listeners,
        pools=pools,
        timeouts=rules.Timeouts(**{n: of(ms, n) for n in rules.Timeouts.__struct_fields__}),
        udp_connect_least_delay=of(api, "udp_connect_min_interval_health_monitor"),
        reserved_addresses=tuple(of("networking", "reserved_ips")),
        **({"headers": frozenset(load("render.unsupported").HEADERS)} if _renders(settings) else {}),
    )


def _vips(settings: Settings) -> Any:
    """Where VIPs may be."""
    named = (settings.option("networking", f"{name}_vip_networks") for name in ("valid", "denylist"))
    return load("api.places").Limits(*(tuple(str(n).lower() for n in ids_) for ids_ in named))


def worker(settings: Settings) -> None:
    """A worker."""
    time = clock.SystemClock()
    intent, _ = databases(settings)
    tools, flow = load("worker.tools"), load("worker.flow")
    signer = issuer(settings, time)
    name = f"{socket.gethostname()[:32]}-{os.getpid()}-{ids.new()[:8]}"
    branches = flow.Flows(settings.option("controller_worker", "threads"))
    service = load("worker.service").Service(
        tools.Tools(
            database=intent,
            compute=compute(settings, time),
            network=network(settings, intent, time),
            amphorae=amphorae(settings, signer, time),
            issuer=signer,
            clock=time,
            settings=_worker_settings(settings),
            side_by_side=branches,
            noticed=load("worker.metrics").Runs(metrics(settings, 1)),
        ),
        inbox(settings, name),
        name,
    )
    until_told(service.stop)
    _works(settings, "worker", name=name)
    service.run()
    branches.close()


def _worker_settings(settings: Settings) -> Any:
    of = settings.option
    return load("worker.tools").WorkerSettings(
        deployment=settings.deployment,
        management_network=_management(settings) if settings.is_local() else ids.NIL,
        controllers=controllers(settings),
        master_keys=master_keys(settings),
        threads=of("controller_worker", "threads"),
        boot_s=of("controller_worker", "create_deadline"),
        drain_s=of("controller_worker", "drain_timeout"),
        alive_every_s=of("health_manager", "heartbeat_interval"),
        statistics_every_s=of("health_manager", "statistics_interval"),
        haproxy=of("haproxy_amphora", "haproxy_cmd"),
    )


def _management(settings: Settings) -> str:
    return str(networks(settings).management_subnet.network_id)


def health(settings: Settings) -> None:
    """A health manager."""
    time = clock.SystemClock()
    chosen = health_settings(settings)
    where = health_address(settings), settings.option("health_manager", "bind_port")
    listening = load("health.receiver").listen(*where, chosen.receive_buffer)
    service = load("health.service").Health(
        databases(settings),
        (master_keys(settings), Secret(secrets.token_bytes(32))),
        [listening],
        nudge(settings),
        time,
        chosen,
    )
    until_told(service.stop)
    metrics(settings, 2, load("health.metrics").Datagrams(service.counts))
    _works(settings, "health")
    service.run()


def health_settings(settings: Settings) -> Any:
    """The settings of the health manager, as the file says."""
    timeout = settings.option("health_manager", "heartbeat_timeout")
    return load("health.settings").HealthSettings(heartbeat_timeout=timeout, expects=_renders(settings))


def housekeeping(settings: Settings) -> None:
    """Chores, one after another."""
    time = clock.SystemClock()
    intent, _ = databases(settings)
    names = ("garbage", "rotation", "journal", "answers")
    garbage, rotation, journal, answers = (load(f"housekeeping.{name}") for name in names)
    chores = [
        garbage.Garbage(intent, compute(settings, time), network(settings, intent, time), time).look,
        rotation.Rotation(intent, amphorae(settings, issuer(settings, time), time), time).look,
        journal.Journal(intent, time).look,
        answers.Answers(intent, time).look,
    ]
    service = load("housekeeping.service").Service(chores, settings.option("house_keeping", "cleanup_interval"))
    until_told(service.stop)
    _works(settings, "housekeeping")
    service.run()


PROCESSES: dict[str, Callable[[Settings], None]] = {
    "api": api,
    "worker": worker,
    "health": health,
    "housekeeping": housekeeping,
}


def cli() -> None:
    """The command `hydria`."""
    _settle_in()
    parser = argparse.ArgumentParser(prog="hydria", description="Load balancing as a service.")
    parser.add_argument("--config", type=Path, help=f"settings file (default {configuration.CONFIG}, if it is there)")
    parser.add_argument("--version", action="version", version=f"hydria {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, process in PROCESSES.items():
        commands.add_parser(name, help=f"run this process: {process.__doc__}")
    desk = load("cli.desk")
    desk.declare(commands, PROCESSES)
    arguments = parser.parse_args()
    try:
        settings = configuration.read(arguments.config or configuration.CONFIG, required=arguments.config is not None)
    except configuration.BadSettings as error:
        if arguments.command in PROCESSES:
            log.setup(arguments.command)
        sys.exit(desk.refuse(arguments, str(error), error.remedy))
    if arguments.command in PROCESSES:
        run(arguments.command, settings)
    else:
        sys.exit(desk.run(arguments, settings, _parts(settings)))


def _settle_in() -> None:
    """Whoever began us may have closed what is read and written, and may not know where an administrator's programs are."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:  # the next file that is opened would have this number
            if (nowhere := os.open(os.devnull, os.O_RDWR)) != number:
                os.dup2(nowhere, number)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8"))
    known = os.environ.get("PATH", "").split(":")
    os.environ["PATH"] = ":".join(dict.fromkeys([*filter(None, known), *PROGRAMS]))


def run(name: str, settings: Settings) -> None:
    """Be one of the processes."""
    log.setup(name, level=settings.option("DEFAULT", "log_level"))
    try:
        configuration.refuse_lacking(settings)
        PROCESSES[name](settings)
    except configuration.BadSettings as error:
        sys.exit(f"hydria: {error}; remedy: {error.remedy}")


def _parts(settings: Settings) -> Any:
    """What the commands of the desk may use, made when asked for."""
    time = clock.SystemClock()
    return load("cli.parts").Parts(
        python=sys.executable,
        processes=tuple(PROCESSES),
        databases=lambda: databases(settings),
        migrate=lambda: load("cli.tables").bring(databases(settings)),
        networks=lambda: networks(settings),
        compute=lambda: compute(settings, time),
        network=lambda: network(settings, databases(settings)[0], time),
        issuer=lambda: issuer(settings, time),
        health_address=lambda: health_address(settings),
        fabric=lambda: load("drivers.network.local.fabric"),
        wires=lambda: load("drivers.network.local.wires"),
        users=lambda: load("drivers.identity.local"),
        configuration=lambda: configuration,
        owned=lambda: load("storage.census").owned(databases(settings)[0]),
    )


if __name__ == "__main__":
    cli()

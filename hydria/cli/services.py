"""What the doctor looks at between the processes: database, broker, Keystone, the processes themselves, what they serve."""

import http.client
import time
from pathlib import Path

from hydria.cli import changes, keystone, seams
from hydria.cli.deployment import Deployment
from hydria.cli.findings import Concern
from hydria.cli.supervision import Standing
from hydria.cli.trouble import Trouble
from hydria.cli.works import METERED
from hydria.storage import census, database, integrity

LOOK_S = 3.0
"""Longest look through a file of SQLite, and longest wait for a broker."""
ANSWER_S = 2.0
YOUNG_S = 3.0
AGAIN_S = 1.5
WAITS_S = 60.0
"""Work that has waited for so long is done by nobody."""


def answers(ours: Deployment) -> str:
    """Both databases answer."""
    return _looked_at(ours, 0.0)


def databases(ours: Deployment) -> str:
    """Both databases answer, are whole and of this version."""
    return _looked_at(ours, LOOK_S)


def _looked_at(ours: Deployment, seconds: float) -> str:
    settings = ours.settings
    told = []
    for number, db in enumerate(ours.parts.databases()):
        name = "observed" if number else "intent"
        remedy = _restore(ours, observed=bool(number))
        try:
            if db.sqlite and not Path(db.engine.url.database).exists():
                raise Trouble(
                    f"{db.engine.url.database} is not there", "restore a backup, or hydria up for an empty one"
                )
            told.append(f"{name}: {_place(db)} {integrity.look(db, seconds)}")
        except database.Damaged as error:
            raise Trouble(f"{_place(db)}: {str(error).rpartition('; ')[0]}", remedy) from error
        except integrity.Foreign as error:
            raise Trouble(
                f"{_place(db)}: {error}", "hydria up brings it to this version; a newer one needs its own"
            ) from error
        except database.Unavailable as error:
            why = " ".join(str(error).split())
            start = "see that the disk has room and can be written" if db.sqlite else "start it"
            raise Trouble(f"{_place(db)}: {why}", f"{start}, or see [database] in {settings.path}") from error
        finally:
            db.close()
    return "; ".join(told)


def _place(db: database.Database) -> str:
    """Where a database is; never its password."""
    return str(Path(db.engine.url.database or "").name if db.sqlite else db.engine.url.render_as_string())


def _restore(ours: Deployment, *, observed: bool) -> str:
    if observed:
        return f"hydria down; remove {ours.settings.state}/observed.db*; hydria up: what it held is observed again"
    return "hydria down; put back the last backup; hydria up. Traffic goes on meanwhile"


def broker(ours: Deployment) -> str:
    """What carries nudges lets us in."""
    url = ours.settings.option("DEFAULT", "transport_url")
    if not url:
        return "none: processes of this machine need none"
    seams.broker(url)
    return "it lets us in"


def identity(ours: Deployment) -> str:
    """Keystone takes the account of this service, where there is a Keystone."""
    if not ours.settings.is_behind_keystone():
        return f"none: auth_strategy = {ours.settings.option('api_settings', 'auth_strategy')}"
    return keystone.keystone_takes_us(ours.settings)


def processes(ours: Deployment) -> str:
    """Every process runs, and goes on running."""
    standing = ours.supervision.standing()
    if not any(s.pid or ours.supervision.is_supervised(s.name) for s in standing):
        raise Trouble("no process runs", "hydria up")
    if restless := [s for s in standing if s.up_s < YOUNG_S]:
        before = {s.name: s.pid for s in restless}
        time.sleep(AGAIN_S)
        standing = ours.supervision.standing()
        ends = [s.name for s in standing if s.name in before and (not s.pid or s.pid != before[s.name])]
        if ends:
            log = "\n".join(ours.supervision.end_of_log(ends[0]))
            what = f"{', '.join(ends)} does not run, or ends again and again"
            raise Trouble(what, "mend what the end of its log, below, tells of; hydria up", log)
    if stopped := [s for s in standing if _state(s) in "Tt"]:
        names, pids = ", ".join(s.name for s in stopped), " ".join(str(s.pid) for s in stopped)
        raise Trouble(f"{names} stands still: somebody has sent it SIGSTOP", f"kill -CONT {pids}")
    if idle := [name for name, one in ours.works.found([s.name for s in standing]).items() if one is None]:
        log = "\n".join(ours.supervision.end_of_log(idle[0]))
        raise Trouble(
            f"{', '.join(idle)} runs, and has not begun to work", "see the end of its log, below; hydria up", log
        )
    return ", ".join(s.name for s in standing)


def code(ours: Deployment) -> str:
    """What runs is what is set and installed."""
    wanted = ours.wanted()
    found = ours.works.found(ours.parts.processes)
    told = {name: changes.reasons(one, wanted) for name, one in found.items() if one}
    lines = [f"{name}: {', '.join(why)}" for name, why in told.items() if why]
    if lines:
        raise Trouble(
            f"{len(lines)} of {len(told)} processes are not as they are set and installed",
            "hydria up",
            "\n".join(lines),
        )
    return f"version {wanted.build.version}, as set" if told else "nothing runs"


def _state(one: Standing) -> str:
    try:
        return Path(f"/proc/{one.pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return "-"


def metrics(ours: Deployment) -> str:
    """What is to be seen of processes is served."""
    of = ours.settings.option
    if not of("metrics", "enabled"):
        return "not enabled"
    host, first = str(of("metrics", "bind_host")), int(of("metrics", "bind_port"))
    silent = [f"{name} ({host}:{first + n})" for n, name in enumerate(METERED) if not _served(host, first + n)]
    if silent:
        raise Concern(
            f"not served: {', '.join(silent)}", "see what else listens there (ss -ltnp), or set [metrics] bind_port"
        )
    return f"served on {host}:{first} to {first + len(METERED) - 1}"


def _served(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_S)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def api(ours: Deployment) -> str:
    """The API answers on the address it listens on."""
    url = ours.url
    if not ours.client(seconds=ANSWER_S).answers():
        raise Trouble(f"{url} does not answer", "hydria up; or see the log of the API")
    return url


def work(ours: Deployment) -> str:
    """What is wanted is done."""
    now = time.time()
    intent, observed = ours.parts.databases()
    try:
        found = intent.read(lambda c: census.take(c, int(now * 1e6)))
    except database.Unavailable as error:
        raise Trouble(" ".join(str(error).split()), "see the database") from error
    finally:
        intent.close()
        observed.close()
    age = now - found.oldest_wanted_at / 1e6 if found.oldest_wanted_at else 0.0
    words = f"{found.waiting} load balancers want work, {found.held} of them are in the hands of a worker"
    if age > WAITS_S and not found.failing:
        raise Trouble(f"{words}; the oldest has waited for {age:.0f} s", "see whether workers run, and their log")
    if found.failing:
        raise Concern(f"{words}; {found.failing} have failed and are tried again", "see their reasons, below")
    return words if found.waiting else "nothing waits"

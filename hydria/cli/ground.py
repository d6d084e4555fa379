"""What the doctor looks at on this machine: clock, disk, keys and certificates."""

import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from hydria.cli import checks, folder, keystone
from hydria.cli.deployment import RUN_MB, Deployment
from hydria.cli.findings import Concern
from hydria.cli.trouble import Trouble
from hydria.drivers.certificates import expiry

FEW_DESCRIPTORS = 4096
LITTLE_ROOM_MB = 1024
SOON_S = 7 * 86400.0
SKEW_S, MUCH_SKEW_S = 5.0, 60.0
"""Between our clock and Keystone's: tokens and certificates are good for a time."""
SECRETS = ("master.keys", "users.json", "clouds.yaml", "passwords/*", "certificates/*.pem")
OPENED = stat.S_IRWXG | stat.S_IRWXO


def deployment(ours: Deployment) -> str:
    """Something was brought up here once, and its name and keys are there."""
    folder.refuse_lost(ours.settings, ours.parts)
    if not ours.known:
        raise Trouble("nothing was ever brought up here", "hydria up")
    return str(ours.settings.state)


def clock(ours: Deployment) -> str:
    """The clock is right, as far as this machine and Keystone can tell."""
    checks.clock()
    if not ours.settings.is_behind_keystone():
        return time.strftime("%Y-%m-%d %H:%M:%S %Z")
    try:
        ahead = keystone.skew(ours.settings)
    except Trouble:  # the check of Keystone tells why
        return "not absurd; Keystone could not be asked"
    words = f"it is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} Keystone's"
    remedy = "set the clocks of both machines by NTP: tokens seem to end too early or too late"
    if abs(ahead) > MUCH_SKEW_S:
        raise Trouble(words, remedy)
    if abs(ahead) > SKEW_S:
        raise Concern(words, remedy)
    return "like Keystone's"


def disk(ours: Deployment) -> str:
    """State, logs and sockets can be written and have room."""
    settings = ours.settings
    log = settings.state / "log"
    checks.folder(settings.state, "state_path")
    checks.folder(log, "state_path (log lies there)")
    checks.folder(settings.run, "run_path", RUN_MB)
    free = {path: _free_mb(path) for path in (settings.state, log, settings.run)}
    little = [f"{path}: {mb} MB" for path, mb in free.items() if mb < LITTLE_ROOM_MB and path != settings.run]
    if little:
        raise Concern(
            f"little room is left: {', '.join(little)}", "make room; below 200 MB nothing is started any more"
        )
    return f"{free[settings.state]} MB free in {settings.state}, {free[settings.run]} MB in {settings.run}"


def _free_mb(path: Path) -> int:
    return shutil.disk_usage(next(p for p in (path, *path.absolute().parents) if p.exists())).free // 2**20


def descriptors() -> str:
    """A process may have enough files open."""
    most = checks.descriptors()
    if most < FEW_DESCRIPTORS:
        raise Trouble(f"a process may have {most} files open", "raise it: ulimit -Hn 65536; it bounds connections")
    return f"{most} for a process; connection limits above about {most * 2 // 5} are capped"


def secrets(ours: Deployment) -> str:
    """Only its owner may read what is secret."""
    state = ours.settings.state
    opened = sorted(str(path) for path in _secret(state) if path.stat().st_mode & OPENED)
    if opened:
        more = f" and {len(opened) - 3} more" if len(opened) > 3 else ""
        raise Trouble(f"others may read {', '.join(opened[:3])}{more}", f"chmod -R go= {state}; then make new secrets")
    if state.stat().st_mode & OPENED:
        raise Concern(f"others may look into {state}", f"chmod go= {state}")
    return "readable by their owner only"


def _secret(state: Path) -> Iterator[Path]:
    for pattern in SECRETS:
        yield from state.glob(pattern)


def certificates(ours: Deployment) -> str:
    """Roots and the controller's certificate are good, and stay so for a while."""
    kept = ours.settings.state / "certificates"
    now = time.time()
    try:
        ends = expiry.ends(kept)
    except ValueError as error:
        reason, _, remedy = str(error).partition("; ")
        raise Trouble(reason, remedy) from error
    if not ends:
        raise Trouble(f"there is none in {kept}", "hydria up makes them; or restore them from a backup")
    remedy = "hydria up renews the controller's; roots are followed by new ones long before: see the clock"
    told = [f"{name} {_when(end, now)}" for name, end in sorted(ends.items(), key=lambda e: e[1]) if end < now + SOON_S]
    if any(end <= now for end in ends.values()):
        raise Trouble(", ".join(told), remedy)
    if told:
        raise Concern(", ".join(told), remedy)
    first = min(ends, key=lambda name: ends[name])
    return f"{len(ends)} files; the first to end: {first}, {_when(ends[first], now)}"


def _when(end: float, now: float) -> str:
    if end <= now:
        return f"ended on {time.strftime('%Y-%m-%d', time.gmtime(end))}"
    return f"ends in {(end - now) / 86400:.0f} d"


def networks(ours: Deployment) -> str:
    """The networks of this machine are there."""
    if not ours.settings.is_local():
        return "not ours"
    found = ours.parts.networks()
    if not ours.parts.fabric().is_up(found):
        raise Trouble("the networks of this machine are not there", "hydria up")
    return ", ".join(f"{s.name} {s.cidr}" for s in found.subnets())

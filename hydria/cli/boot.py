"""Starting again when the machine does: a unit where systemd is installed, a service of runit's elsewhere."""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hydria.cli.trouble import Trouble

UNITS = Path("/etc/systemd/system")
ENABLED = UNITS / "multi-user.target.wants"
SERVICES, WATCHED = Path("/etc/sv"), Path("/etc/service")
WITHOUT = "set [DEFAULT] start_at_boot = false"
PLAIN = re.compile(r"[\w./:=@+,-]+", re.ASCII)
UNIT = """# Written by `hydria up`; `hydria down` disables it, `hydria down --all` removes it.
[Unit]
Description=Hydria, load balancing as a service ({config})
Wants=network-online.target
After=network-online.target
RequiresMountsFor={mounts}

[Service]
Type=forking
ExecStart={up}
# Told to stop while the supervisor runs: stop the controllers, and wait for their end.
ExecStop=/bin/sh -c '[ -z "$$MAINPID" ] || exec {down}'
PIDFile={pid}
# Amphorae carry traffic whatever becomes of the controllers: nothing but the supervisor is ever killed.
KillMode=process
Restart=on-failure
RestartSec=10
TimeoutStartSec=300
TimeoutStopSec=120

[Install]
WantedBy=multi-user.target
"""
RUN = """#!/bin/sh
# Written by `hydria up`: brings Hydria up and stays as long as its supervisor does; `hydria down` removes the link to it.
exec 2>&1
child=
end() {{
    [ -z "$child" ] || kill "$child"
    if read -r keeper < {pid}; then kill -HUP "$keeper"; fi
    exit 0
}}
trap end TERM
{up} &
child=$!
if ! wait "$child"; then
    sleep 10 &
    child=$!
    wait "$child"
    exit 1
fi
read -r keeper < {pid} || exit 1
tail --pid="$keeper" -f /dev/null &
child=$!
wait "$child"
"""


@dataclass(frozen=True)
class Boot:
    """How one deployment starts at boot: as the service `name`, by `up`, with its supervisor's number in the file `pid`."""

    name: str
    config: Path
    up: Sequence[str]
    down: Sequence[str]
    pid: Path
    mounts: Sequence[Path]

    def check(self) -> None:
        """It can be set up; raises Trouble."""
        for word in (*self.up, str(self.pid), *map(str, self.mounts)):
            if not PLAIN.fullmatch(word):
                raise Trouble(
                    f"{word} cannot stand in a unit of systemd", f"choose a path without such letters, or {WITHOUT}"
                )
        if os.geteuid() != 0:
            raise Trouble("only root can have it start again when the machine does", f"become root, or {WITHOUT}")

    def enable(self) -> str:
        """Have it started at boot. What does it, for people; "" where it was so before."""
        # Whom runit has started goes on so, also where systemd was installed since: it would end what is under way.
        is_runits = shutil.which("systemctl") is None or self._is_watched()
        return self._enable_service() if is_runits else self._enable_unit()

    def _is_watched(self) -> bool:
        said = subprocess.run(["sv", "status", str(WATCHED / self.name)], capture_output=True, check=False).stdout
        return said.startswith((b"run:", b"down:"))

    def _enable_unit(self) -> str:
        self._remove_service()  # nobody looks after it
        changed = _write(UNITS / f"{self.name}.service", unit(self), 0o644)
        if not changed and (ENABLED / f"{self.name}.service").is_symlink():
            return ""
        _systemctl("enable", self.name)
        return f"{self.name}.service of systemd"

    def _enable_service(self) -> str:
        changed = _write(SERVICES / self.name / "run", service(self), 0o755)
        link = WATCHED / self.name
        if not changed and link.is_symlink():
            _sv("up", link)  # `pause` had it wait for the next start of the machine
            return ""
        WATCHED.resolve().mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(SERVICES / self.name)
        return f"{link}, where runit starts what is in {WATCHED}"

    def disable(self, *, remove: bool) -> bool:
        """Have it started no more; `remove`: nothing of it is left. Whether there was something to do."""
        places = (
            UNITS / f"{self.name}.service",
            ENABLED / f"{self.name}.service",
            SERVICES / self.name,
            WATCHED / self.name,
        )
        before = [place for place in places if os.path.lexists(place)]
        if ENABLED / f"{self.name}.service" in before:
            _systemctl("disable", self.name)
        self._unlink()
        if remove:
            (UNITS / f"{self.name}.service").unlink(missing_ok=True)
            self._remove_service()
        return before != [place for place in before if os.path.lexists(place)]

    def pause(self) -> None:
        """Have it not begun anew before the machine starts again, or `enable`; systemd lets rest what has ended well."""
        if (link := WATCHED / self.name).is_symlink():
            _sv("down", link)

    def _unlink(self) -> None:
        self.pause()  # who looks after it must not begin it anew before it sees that the link is gone
        (WATCHED / self.name).unlink(missing_ok=True)

    def _remove_service(self) -> None:
        self._unlink()
        shutil.rmtree(SERVICES / self.name, ignore_errors=True)


def unit(boot: Boot) -> str:
    """The unit's file; what is filled in has no letter that means something to systemd."""
    up, down = (" ".join(("/usr/bin/env", *words[1:])) for words in (boot.up, boot.down))
    return UNIT.format(config=boot.config, mounts=" ".join(map(str, boot.mounts)), up=up, down=down, pid=boot.pid)


def service(boot: Boot) -> str:
    """The script of runit's service."""
    return RUN.format(up=" ".join(boot.up), pid=boot.pid)


def _systemctl(what: str, name: str) -> None:
    said = subprocess.run(
        ["systemctl", "--quiet", what, f"{name}.service"], capture_output=True, text=True, check=False
    )
    if said.returncode:
        raise Trouble(f"systemctl {what} {name}: {said.stderr.strip()}", f"mend it, or {WITHOUT}")


def _sv(what: str, link: Path) -> None:
    """Say it to who looks after the service, if anybody does."""
    subprocess.run(["sv", "-w", "1", what, str(link)], capture_output=True, check=False)


def _write(path: Path, text: str, mode: int) -> bool:
    """Whether it was not so before."""
    with contextlib.suppress(FileNotFoundError):
        if path.read_text() == text:
            return False
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text)
    fresh.chmod(mode)
    fresh.rename(path)
    return True

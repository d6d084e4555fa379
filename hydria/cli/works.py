"""Whether each process of a deployment does its work, and as what it began it."""

import json
import time
from collections.abc import Collection, Mapping
from typing import Any

from hydria.cli import checks, client
from hydria.cli.client import Client
from hydria.cli.supervision import Supervision
from hydria.cli.trouble import Trouble
from hydria.kit import running
from hydria.kit.running import Running

START_S = 20.0
ENDURED = 4
"""Pids of one process (0: none at the moment) after which it is not waited for any longer."""
HAND_OVER_S = 70.0
"""A process that hands over gives its successor a minute."""
LOOK_S = 0.03
METERED = ("api", "worker", "health")
"""Who shows metrics, each on the port after that of the one before."""


class Works:
    """What can be seen of a deployment's processes."""

    def __init__(self, settings: Any, supervision: Supervision, health_address: str) -> None:
        self._settings = settings
        self._supervision = supervision
        self._health_address = health_address

    def found(self, names: Collection[str]) -> dict[str, Running | None]:
        """What each process is; None for one that has not said so since it began."""
        alive = self._supervision.running()
        noted = {name: running.noted(self._settings.records, name) for name in names}
        return {name: one if one and one.pid in alive.get(name, ()) else None for name, one in noted.items()}

    def wait(self, before: Mapping[str, Running | None]) -> None:
        """Until each of these has begun anew and works; raises Trouble with the end of the log of one that does not."""
        seen: dict[str, set[int]] = {name: set() for name in before}
        began = time.monotonic()

        def ended() -> bool:
            for one in self._supervision.standing():
                seen.setdefault(one.name, set()).add(one.pid)
            return max(len(seen[name]) for name in before) > ENDURED

        client.until(lambda: not self.missing(before) or ended(), START_S, LOOK_S)
        if not (missing := self.missing(before)):
            return
        name = max(seen, key=lambda n: len(seen[n])) if ended() else missing[0]
        log = "\n".join(self._supervision.end_of_log(name))
        reason = f"{name} did not come up within {time.monotonic() - began:.1f} s"
        raise Trouble(reason, "mend what the end of its log, above, tells of", log)

    def missing(self, before: Mapping[str, Running | None]) -> list[str]:
        """Those that have not begun anew since they were `before`, or do not do their work yet."""
        now = self.found(before)
        return [name for name in before if now[name] is None or now[name] == before[name] or not self._does(name)]

    def _does(self, name: str) -> bool:
        if name == "api":
            return Client(self._settings.own_uri(), "", "", "").answers()
        return name != "health" or self._receives()

    def _receives(self) -> bool:
        try:
            checks.port(*self.datagrams(), "", checks.Kind.SOCK_DGRAM)
        except Trouble:
            return True
        return False

    def hands_over(self, name: str) -> bool:
        """Whether a process begins itself anew when it is told to, and tells how that ended."""
        return self._handover(name).get("pid") in self._supervision.running().get(name, ())

    def handed_over(self, name: str, asked: float) -> str:
        """Wait until what was asked at that monotonic moment has ended; why it failed, "" when it did not."""
        if not client.until(lambda: self._handover(name).get("began", 0.0) >= asked, HAND_OVER_S, LOOK_S):
            return f"it did not hand over within {HAND_OVER_S:.0f} s"
        return str(self._handover(name)["outcome"])

    def _handover(self, name: str) -> dict[str, Any]:
        """What a process last said of its start or of handing over."""
        try:
            return dict(json.loads((self._settings.run / f"{name}.ready").read_text()))
        except (FileNotFoundError, ValueError):
            return {}

    def listening(self) -> tuple[str, int]:
        """Address and port of the API."""
        host, port = (self._settings.option("api_settings", f"bind_{n}") for n in ("host", "port"))
        return str(host), int(port)

    def datagrams(self) -> tuple[str, int]:
        """Address and port of the health manager."""
        return self._health_address, int(self._settings.option("health_manager", "bind_port"))

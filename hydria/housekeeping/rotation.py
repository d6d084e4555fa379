"""The chore that renews certificates of amphorae in time."""

from functools import partial

from hydria.amphora import Amphorae, Contact
from hydria.control import rotation
from hydria.drivers import faults
from hydria.kit import log
from hydria.kit.clock import Clock
from hydria.storage import amphorae
from hydria.storage.database import Database


class Rotation:
    """Renews what is due; an amphora that does not answer is tried again at the next look."""

    def __init__(self, database: Database, agents: Amphorae, clock: Clock) -> None:
        self._database, self._agents, self._clock = database, agents, clock

    def look(self) -> int:
        """One look; how many were renewed."""
        renewed = 0
        for amphora in self._database.read(amphorae.every):
            if not rotation.is_due(amphora, self._clock.now()):
                continue
            try:
                ends = self._agents.enroll(Contact(amphora.id, str(amphora.lb_network_ip)))
            except faults.Fault as fault:
                log.get().warning("rotation.failed", amphora=amphora.id, error=str(fault))
                continue
            expiration = int(ends * 1e6)
            self._database.write(partial(amphorae.renewed, amphora_id=amphora.id, expiration=expiration))
            renewed += 1
            log.get().info("rotation.renewed", amphora=amphora.id)
        return renewed

"""Settings of the health manager."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class HealthSettings:
    """Every duration is in seconds."""

    expects: bool = True
    """Whether there are amphorae that can speak; with a driver that makes none, nobody is missed."""

    heartbeat_timeout: float = 5.0
    """An amphora of which nothing fresh was heard for so long is suspected."""

    look_every: float = 1.0
    """How often amphorae and placements are compared with what was heard."""

    stall: float = 2.0
    """When a loop of ours stood still for longer, nobody is blamed for the silence meanwhile."""

    stopped_after: float = 1.5
    """How long an amphora may say that a haproxy does not run before that is suspected: it is respawned in place."""

    missing_after: float = 3.0
    """How long an applied placement may be absent from what its amphora says."""

    differs_after: float = 10.0
    """How long an amphora may run something else than what was last applied."""

    again_after: float = 10.0
    """A suspicion that was looked into and still holds is raised again after this; twice as long each time."""

    again_at_most: float = 300.0
    """The longest time between two suspicions of the same."""

    brake_least: int = 4
    """When more than half of all amphorae and at least so many fall silent, the fault is taken to be here."""

    flush_every: float = 1.0
    """How often statistics and full turns are written; edges are written at once."""

    seen_every: float = 60.0
    """How often an amphora that is well is noted in the database."""

    trust_written: float = 60.0
    """How long we remember what we wrote ourselves before we read it again: other receivers write the same rows."""

    tidy_every: float = 600.0
    """How often what was observed of things that are gone is removed."""

    queue: int = 20_000
    """Datagrams that may wait; above half of it states and noisy senders are shed, at the end everything."""

    receive_buffer: int = 16 << 20
    """Bytes that the kernel may keep for us, where it allows as much."""

    answers_per_second: int = 50
    """Answers to one amphora at one address; the rest of its datagrams is heard, if fresh, and not answered."""

    strangers_per_second: int = 256
    """Unknown amphorae looked up at once; all others are found within `look_every`."""

    def __post_init__(self) -> None:
        if self.heartbeat_timeout < 2 * self.look_every:
            raise ValueError("heartbeat_timeout must be at least twice look_every")
        if min(self.queue, self.answers_per_second, self.strangers_per_second, self.brake_least) < 1:
            raise ValueError("queue, answers_per_second, strangers_per_second and brake_least must be at least 1")

"""What the local compute driver is told when it is built."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class LocalMachines:
    """`state` is a folder of this deployment's own, on a disk."""

    state: Path
    agent: tuple[str, ...]  # the command that is the agent, inside
    environment: tuple[tuple[str, str], ...] = ()  # for the agent, beside PATH
    python: str = "/usr/bin/python3"  # what starts a machine; needs no packages
    start_s: float = 10.0  # a machine that has not started by then never will

    @property
    def machines(self) -> Path:
        """A folder per machine."""
        return self.state / "machines"

    @property
    def amphorae(self) -> Path:
        """A folder per amphora: its disk."""
        return self.state / "amphorae"


def namespace(amphora_id: str) -> str:
    """The name of an amphora's network namespace."""
    return f"hydria-a-{amphora_id.replace('-', '')[:12]}"

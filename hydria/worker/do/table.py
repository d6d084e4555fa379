"""Which function does which step."""

from collections.abc import Callable
from typing import Any

from hydria.control import steps
from hydria.worker.do import amphora, compute, ends, network, push
from hydria.worker.run import Run

DO: dict[type[steps.Step], Callable[[Any, Run], None]] = {
    steps.ReserveVip: network.reserve_vip,
    steps.ReservePort: network.reserve_port,
    steps.ReserveAmphora: compute.reserve_amphora,
    steps.Resolve: ends.resolve,
    steps.MakePort: network.make_port,
    steps.MakeServer: compute.make_server,
    steps.Plug: compute.plug,
    steps.Boot: amphora.boot,
    steps.Push: push.push,
    steps.Look: amphora.look,
    steps.Retire: amphora.retire,
    steps.Tell: amphora.tell_again,
    steps.Withdraw: amphora.withdraw,
    steps.Doom: ends.doom,
    steps.DoomThings: ends.doom_things,
    steps.Destroy: ends.destroy,
    steps.Bury: ends.bury,
}

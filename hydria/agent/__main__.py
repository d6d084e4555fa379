"""Starts the agent: `python -m hydria.agent SETTINGS.json`."""

import asyncio
import signal
import sys

import msgspec

from hydria.agent import journal, places, routes, server, tls
from hydria.agent.node import Node
from hydria.kit import ids
from hydria.wire.agentsettings import AgentSettings


async def run(settings: AgentSettings, log: journal.Journal) -> None:
    """Serve until told to stop."""
    if sys.version_info < (3, 12):  # later ones watch children without a thread by themselves
        watcher = asyncio.PidfdChildWatcher()
        watcher.attach_loop(asyncio.get_running_loop())
        asyncio.get_event_loop_policy().set_child_watcher(watcher)
    listening = server.listen(settings.bind_host, settings.bind_port)
    identity = tls.Identity(settings)
    node = Node(settings, identity, log)
    node.begin_key()
    await node.recall()
    serving = asyncio.create_task(server.Server(identity, routes.Routes(node).handle, log).run(listening))
    watching = asyncio.create_task(node.watch())
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    log.info("agent.started", port=settings.bind_port, boot=node.boot_id)
    ended = asyncio.create_task(stopped.wait())
    await asyncio.wait([ended, serving, watching], return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()  # it never ends by itself: a bug, shown with its traceback; the supervisor starts us again
    serving.cancel()
    watching.cancel()
    await asyncio.gather(serving, watching, return_exceptions=True)
    await node.stop()
    log.info("agent.stopped")


def main(argv: list[str]) -> int:
    """Read the settings; a bad value stops the agent here, with the file and what was expected."""
    if len(argv) != 2:
        sys.stderr.write("usage: python -m hydria.agent SETTINGS.json\n")
        return 2
    try:
        with open(argv[1], "rb") as file:
            settings = msgspec.json.decode(file.read(), type=AgentSettings)
    except (OSError, msgspec.DecodeError) as error:
        sys.stderr.write(f"{argv[1]}: {error}\n")
        return 2
    longest = places.of(settings, ids.text(bytes(16))).master
    if len(longest.encode()) > places.LONGEST_SOCKET:
        sys.stderr.write(f"{argv[1]}: run_folder is too long for sockets: {longest}\n")
        return 2
    asyncio.run(run(settings, journal.Journal(sys.stderr, settings.amphora_id)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))

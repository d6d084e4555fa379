"""Work inside a placement's network namespace, by a thread that enters it and ends there (Python 3.11 has no setns)."""

import asyncio
import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

NEW_NET = 0x40000000
ASK_ADDRESS = 0x8927  # SIOCGIFHWADDR
ARP = 0x0806
EVERYONE = b"\xff" * 6
FREE_BIND = 15  # IP_FREEBIND


def _enter(namespace: str) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    handle = os.open(namespace, os.O_RDONLY)
    try:
        if library.setns(handle, NEW_NET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), namespace)
    finally:
        os.close(handle)


async def call(namespace: str, work: Callable[[], T]) -> T:
    """What a function returns when it runs inside a namespace. It must be short: nobody can interrupt it."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # None only when T allows it

    def body() -> None:
        try:
            _enter(namespace)
            loop.call_soon_threadsafe(settle, work(), None)
        except Exception as error:  # noqa: BLE001  (it is raised again where the result is awaited)
            loop.call_soon_threadsafe(settle, None, error)

    threading.Thread(target=body, daemon=True).start()
    return await future


def cards() -> dict[str, str]:
    """Names of this thread's network cards by MAC."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        return {_mac(asked, name): name for _, name in socket.if_nameindex() if name != "lo"}


def _mac(asked: socket.socket, name: str) -> str:
    try:
        answer = fcntl.ioctl(asked.fileno(), ASK_ADDRESS, struct.pack("256s", name.encode()))
    except OSError:
        return f"gone-{name}"  # it left between the list and the question
    return answer[18:24].hex(":")


def settle_sysctls(names: list[str]) -> None:
    """VIPs may be bound before they are here, ping needs no privilege, and nobody's router advertisements are believed."""
    wanted = {"ipv4/ip_nonlocal_bind": "1", "ipv6/ip_nonlocal_bind": "1", "ipv4/ping_group_range": "0 2147483647"}
    wanted |= {f"ipv6/conf/{name}/accept_ra": "0" for name in names}
    for key, value in wanted.items():
        with contextlib.suppress(FileNotFoundError), open(f"/proc/sys/net/{key}", "w", encoding="ascii") as file:
            file.write(value)


def try_binds(binds: list[tuple[str, int]]) -> list[str]:
    """What is wrong with binding these addresses, all at once; empty when nothing is."""
    wrong = []
    with contextlib.ExitStack() as held:
        for host, port in binds:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            tried = held.enter_context(socket.socket(family, socket.SOCK_STREAM))
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.setsockopt(socket.IPPROTO_IP, FREE_BIND, 1)
            if family == socket.AF_INET6:
                tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                tried.bind((host, port))
                tried.listen(1)
            except (OSError, OverflowError) as error:
                reason = error.strerror if isinstance(error, OSError) else "no such port"
                wrong.append(f"cannot bind {host} port {port}: {reason}")
    return wrong


def announce(where: list[tuple[str, str]]) -> None:
    """Tell neighbours that these addresses are ours now: (card, address) each, by gratuitous ARP or neighbour advertisement."""
    for card, address in where:
        with contextlib.suppress(OSError):  # a card without a carrier: the next announcement tells
            if ":" in address:
                _advertise(card, socket.inet_pton(socket.AF_INET6, address))
            else:
                _arp(card, socket.inet_pton(socket.AF_INET, address))


def _arp(card: str, address: bytes) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ARP)) as sender:
        sender.bind((card, ARP))
        mac = sender.getsockname()[4]
        body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac + address + bytes(6) + address
        sender.send(EVERYONE + mac + struct.pack("!H", ARP) + body)


def _advertise(card: str, address: bytes) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ARP)) as asked:
        asked.bind((card, ARP))
        mac = asked.getsockname()[4]
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as sender:
        sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        # type 136, override flag, target, option 2 (target link-layer address); the kernel fills in the checksum
        body = struct.pack("!BBHI", 136, 0, 0, 0x20000000) + address + b"\x02\x01" + mac
        sender.sendto(body, ("ff02::1", 0, 0, socket.if_nametoindex(card)))

"""The files of documents: each document's in a folder of its own, keys beside them by digest."""

from hydria.agent import disk, haproxy
from hydria.agent.places import Places
from hydria.wire.documents import PlacementDocument


def stage(places: Places, document: PlacementDocument, connections: int) -> str:
    """Write the files of a document, ready to be loaded once `current` points to them; their folder."""
    folder, config = places.files(document.digest), document.files["haproxy.cfg"]
    disk.folder(places.run, 0o711)
    disk.folder(places.keys)
    disk.folder(folder, 0o711)
    disk.folder(f"{folder}/certs")
    for one in document.certificates:
        if one.pem is not None:
            disk.write(f"{places.keys}/{one.digest}", one.pem.encode(), lasting=False)
        disk.link(f"../../pem/{one.digest}", f"{folder}/certs/{one.name}")
    for name, text in document.files.items():
        disk.write(f"{folder}/{name}", text.encode(), lasting=False)
    told = haproxy.fragment(places, places.current, connections, config)
    disk.write(f"{folder}/agent.cfg", told.encode(), lasting=False)
    return folder


def folders(places: Places) -> set[str]:
    """Names of the folders that are there."""
    return {name for name in disk.names(places.run) if name.startswith("v-")}


def sweep(places: Places, kept: set[str], digests: set[str]) -> None:
    """Forget the files and keys of documents that do not run."""
    for name in folders(places) - kept:
        disk.remove(f"{places.run}/{name}")
    for digest in set(disk.names(places.keys)) - digests:
        disk.forget(f"{places.keys}/{digest}")

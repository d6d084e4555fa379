"""When the certificates in a folder end."""

import pathlib

from cryptography import x509


def ends(folder: pathlib.Path) -> dict[str, float]:
    """File -> when the last of its certificates ends that signs or is shown now, in seconds since 1970.

    Roots that are older than the newest stay until they end by themselves: they are no cause for alarm.
    Raises ValueError for a file that holds none.
    """
    return {path.name: _last(path) for path in sorted(folder.glob("*.pem"))}


def _last(path: pathlib.Path) -> float:
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except ValueError as error:
        message = f"{path}: it holds no certificate; restore it from a backup"
        raise ValueError(message) from error
    return max(one.not_valid_after_utc.timestamp() for one in found)

"""Log lines as JSON on standard error; a dozen lines here instead of an import that costs as much memory as the agent."""

import time
import traceback
from typing import TextIO

import msgspec


class Journal:
    """Writes one event per line."""

    def __init__(self, stream: TextIO, amphora_id: str) -> None:
        self._stream = stream
        self._amphora_id = amphora_id

    def info(self, event: str, **fields: object) -> None:
        """What an operator would tell a colleague."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """What should be looked at this week."""
        self._write("warning", event, fields)

    def crash(self, event: str, error: BaseException, **fields: object) -> None:
        """A bug, with its traceback."""
        self._write("error", event, {**fields, "trace": "".join(traceback.format_exception(error))})

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        line = {"time": stamp, "level": level, "event": event, "amphora": self._amphora_id, **fields}
        try:
            self._stream.write(msgspec.json.encode(line, enc_hook=str).decode() + "\n")
            self._stream.flush()
        except OSError:
            return  # nobody reads, or the disk is full: neither may stop traffic

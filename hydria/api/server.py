"""Serving the API: gunicorn with a few processes of threads."""

from collections.abc import Callable
from typing import Any

import falcon
from gunicorn.app import base  # type: ignore[import-untyped]


class Server(base.BaseApplication):  # type: ignore[misc]
    """gunicorn with our application and settings, and none of its own."""

    def __init__(self, build: Callable[[], Any], settings: dict[str, Any]) -> None:
        self._build = build
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._build()


def serve(
    build: Callable[[], "falcon.App[falcon.Request, falcon.Response]"],
    host: str,
    port: int,
    workers: int = 2,
    threads: int = 8,
) -> None:
    """Serve what `build` makes until told to stop by a signal.

    Each process builds it for itself: what is loaded before the fork is soon in memory twice, as counting references
    writes to every page.
    """
    settings = {
        "bind": f"{host}:{port}",
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        "keepalive": 75,
        "timeout": 60,
        "graceful_timeout": 10,
        "accesslog": None,
        "loglevel": "warning",
        "worker_tmp_dir": "/dev/shm",  # noqa: S108  (a heartbeat file must not wait for a disk)
        "preload_app": False,
        "control_socket_disable": True,
    }
    Server(build, settings).run()

"""The log of requests: who asked for what, from where, and how it ended. Never what a request said or was told."""

import threading

import falcon

from hydria.kit import log

LOG = log.get()
LOG_IN = "/identity/v3/auth/tokens"
READS = ("GET", "HEAD")
AT_ONCE, EVERY_S = 50, 1.0
"""Lines about strangers, who could fill a disk otherwise: so many at once, and one more in so many seconds."""
LONGEST = 200
"""Letters of what strangers may choose."""


class AccessLog:
    """A line for each request. Of whoever did not prove who they are, only so many, with how many were left out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left, self._since, self._unsaid = float(AT_ONCE), 0.0, 0

    def __call__(self, req: falcon.Request, resp: falcon.Response, now: float, seconds: float) -> None:
        """`now`: monotonic; the request took so many seconds. What was read is told at debug level only."""
        who = _who(req)
        unsaid = 0 if who else self._allowance(now)
        if unsaid is None:
            return
        line = {
            "method": req.method[:LONGEST],
            "path": req.path[:LONGEST],
            "status": resp.status_code,
            "ms": round(seconds * 1000, 1),
            **who,
            "address": str(req.env.get("REMOTE_ADDR", ""))[:LONGEST],
        }
        _write(req, resp, {**line, "unsaid": unsaid} if unsaid else line)

    def _allowance(self, now: float) -> int | None:
        """How many lines about strangers were left out before this one; None: this one is, too."""
        with self._lock:
            self._left = min(self._left + (now - self._since) / EVERY_S, AT_ONCE)
            self._since = now
            if self._left < 1:
                self._unsaid += 1
                return None
            self._left -= 1
            unsaid, self._unsaid = self._unsaid, 0
            return unsaid


def _who(req: falcon.Request) -> dict[str, str]:
    """User and project, of a token or a log-in that was right."""
    caller = req.context.get("caller")
    if caller is not None:
        return {"user": caller.user_id, "project": caller.project_id}
    user = req.context.get("logged_in")
    return {"user": user.id, "project": user.project_id, "name": user.name} if user else {}


def _write(req: falcon.Request, resp: falcon.Response, line: dict[str, object]) -> None:
    if req.path == LOG_IN and req.method == "POST":
        if resp.status_code < 400:
            LOG.info("api.login", **line)
        else:
            LOG.warning("api.login_failed", **line)
    elif req.method in READS:
        LOG.debug("api.read", **line)
    else:
        LOG.info("api.write", **line)

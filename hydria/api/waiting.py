"""After a write: the worker is nudged, and the answer may wait until the data plane runs what was written."""

from hydria.api.context import Context
from hydria.api.requests import Ask
from hydria.domain import kinds
from hydria.storage import progress, shown
from hydria.storage.progress import Standing

FIRST_S, MOST_S = 0.004, 0.1
"""Between the first two looks, and between any two."""


def told(context: Context, ask: Ask, load_balancer_id: str) -> None:
    """Tell the worker of a write, and wait as far as the request and the settings say."""
    context.nudge.nudge(load_balancer_id)
    if ask.waits:
        with context.writing.waiting() as allowed:
            if allowed:
                _until_applied(context, load_balancer_id, context.settings.wait_s, _standing(context, load_balancer_id))
    elif context.settings.fast_ack_ms > 0 and not context.writing.is_crowded():
        _briefly(context, load_balancer_id)


def _briefly(context: Context, load_balancer_id: str) -> None:
    """Wait only where the work may be done by then: not for what is still being made, nor for what goes wrong."""
    now = _standing(context, load_balancer_id)
    if now and now.settled and not now.attempts:
        _until_applied(context, load_balancer_id, context.settings.fast_ack_ms / 1000, now)


def _standing(context: Context, load_balancer_id: str) -> Standing | None:
    return context.database.read(lambda c: progress.standing(c, load_balancer_id))


def _until_applied(context: Context, load_balancer_id: str, most_s: float, first: Standing | None) -> None:
    """Look until what is wanted `first` is settled, or time is up."""
    clock = context.clock
    ends, pause = clock.monotonic() + most_s, FIRST_S
    now = first
    while first and now and now.settled < first.wanted:
        left = ends - clock.monotonic()
        if left <= 0:
            return
        clock.sleep(min(pause, left))
        pause = min(pause * 1.5, MOST_S)
        now = _standing(context, load_balancer_id)


def reached(context: Context, ask: Ask, kind: kinds.Kind, found: shown.Shown) -> shown.Shown:
    """The object to answer with, where the request waits: as it is by now, or as it was if it is gone."""
    if not ask.waits:
        return found
    object_id = found.body["id"]
    now = context.database.read(lambda c: shown.one(c, kind, object_id, context.now()))
    if now is not None:
        context.observed.read(lambda o: shown.operating(o, [now]))
    return now or found

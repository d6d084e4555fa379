"""The runner: claims in hand, it plans, does the steps, settles, and starts over while more is wanted."""

import traceback
from collections.abc import Callable

import msgspec

from hydria.amphora import Stale
from hydria.control import converge
from hydria.control.steps import Par, Step, Then
from hydria.drivers import faults
from hydria.kit import log, retry
from hydria.storage import claims, database, journal, worlds
from hydria.worker import run as runs
from hydria.worker.do.table import DO
from hydria.worker.run import Done, Failed, Run, Superseded
from hydria.worker.tools import Tools

ROUNDS = 5
"""Times a hot load balancer is settled before others get their turn."""
PLANS = 20
"""Plans within one round; more means that plans do not converge."""
LATER_US = 500_000


class Runner:
    """Works on load balancers, one call each; any number of calls side by side."""

    def __init__(self, tools: Tools, worker: str, seldom: log.Seldom | None = None) -> None:
        self._tools = tools
        self._seldom = seldom or log.Seldom(0.0)
        self._worker = worker

    def work(self, due: claims.Due, sure: Callable[[int], Callable[[], bool]]) -> bool:
        """Claim a load balancer and bring it to where it is wanted. True when it should be looked at again at once.

        `sure(epoch)` is called with the new claim and gives the guard that tells whether its last beat is recent.
        """
        try:
            epoch = self._tools.database.write(lambda c: claims.claim(c, due, self._worker))
        except database.Unavailable as away:
            now = self._tools.clock.monotonic()
            self._seldom.warning("run.database_away", now, load_balancer=due.load_balancer_id, error=str(away))
            return False
        if epoch is None:
            return False
        run = Run(self._tools, due.load_balancer_id, epoch, sure(epoch))
        with log.bound(load_balancer=due.load_balancer_id, epoch=epoch):
            return self._rounds(run)

    def _rounds(self, run: Run) -> bool:
        try:
            for _ in range(ROUNDS):
                if not self._round(run):
                    return False
            self._tools.database.write(lambda c: claims.drop(c, run.load_balancer_id, run.epoch))
        except (claims.LostClaim, Stale):
            log.get().info("run.lost")  # another worker is in charge
            return False
        except database.Unavailable as away:
            self._seldom.warning("run.database_away", self._tools.clock.monotonic(), error=str(away))
            return False
        return True

    def _round(self, run: Run) -> bool:
        """Plan and do until settled; True when more is wanted by then, False when the claim was given back."""
        for _ in range(PLANS):
            world = run.look()
            if world is None:
                return False
            plan = converge.plan(world, runs.fresh(), run.now())
            if plan.then is Then.LATER:
                run.commit(lambda c: claims.drop(c, run.load_balancer_id, run.epoch, run.now() + LATER_US))
                return False
            try:
                for step in plan.steps:
                    self._step(step, run)
            except Superseded:
                continue
            except (Failed, faults.Fault) as failure:
                self._fail(run, str(failure), failure.remedy or faults.Fault.remedy)
                return False
            except (claims.LostClaim, Stale, database.Unavailable):
                raise
            except Exception:  # noqa: BLE001  a defect must not end the worker: it is logged loudly and shown to users
                log.get().error("run.defect", traceback=traceback.format_exc())
                self._fail(
                    run, "a defect of the worker; its log has the traceback", "report it; the work is tried again"
                )
                return False
            if plan.then is Then.SETTLE:
                return self._settle(run)
        self._fail(run, f"{PLANS} plans did not lead to an end", "this is a defect: report it with the journal")
        return False

    def _step(self, step: Step | Par, run: Run) -> None:
        if isinstance(step, Par):
            branches = [self._branch(b, run) for b in step.branches]
            self._tools.side_by_side(branches)
            return
        clock = self._tools.clock
        run.check()
        began = clock.monotonic()
        outcome = "failed"
        try:
            # Branches run in threads of their own, to which nothing is bound yet.
            with log.bound(load_balancer=run.load_balancer_id, request_id=run.request_id):
                DO[type(step)](step, run)
            outcome = "done"
        finally:
            run.done.append(Done(type(step).__name__, round((clock.monotonic() - began) * 1000, 1), outcome))

    def _branch(self, steps: tuple[Step, ...], run: Run) -> Callable[[], None]:
        def branch() -> None:
            for step in steps:
                self._step(step, run)

        return branch

    def _settle(self, run: Run) -> bool:
        """Commit that what is wanted is what runs, and give the claim back; True when more is wanted, and it is kept."""
        world, lb_id = run.world, run.load_balancer_id

        def write(c: database.Connection) -> bool:
            claims.settle(c, lb_id, world.generation)
            if run.done:
                journal.add(c, _entry(run, "settled"))
            worlds.bury(c, lb_id, world.generation)
            return not world.deleted and not claims.release(c, lb_id, run.epoch)

        is_more = run.commit(write)
        self._notice("settled", run)
        log.get().info(
            "run.settled", request_id=run.request_id, generation=world.generation, steps=[d.step for d in run.done]
        )
        run.done.clear()
        return is_more

    def _notice(self, outcome: str, run: Run) -> None:
        self._tools.noticed(outcome, sum(d.ms for d in run.done) / 1000)

    def _fail(self, run: Run, reason: str, remedy: str) -> None:
        """Write why, and give the claim back until it is time for another try."""
        settings = self._tools.settings
        step = next((d.step for d in reversed(run.done) if d.outcome == "failed"), "plan")

        def write(c: database.Connection) -> None:
            why = {"step": step, "reason": reason, "remedy": remedy, "request_id": run.request_id}
            attempts = claims.failed(c, run.load_balancer_id, run.epoch, **why)
            wait = retry.backoff(attempts, settings.retry_first_s, settings.retry_most_s)
            if run.done:
                journal.add(c, _entry(run, f"{step}: {reason}"))
            claims.drop(c, run.load_balancer_id, run.epoch, run.now() + int(wait * 1_000_000))

        run.commit(write)
        self._notice("failed", run)
        log.get().warning("run.failed", request_id=run.request_id, step=step, reason=reason)
        run.done.clear()


def _entry(run: Run, outcome: str) -> journal.Entry:
    lb = run.world.desired.loadbalancer
    return journal.Entry(
        at=run.now(),
        load_balancer_id=run.load_balancer_id,
        project_id=lb.project_id if lb else "",
        generation=run.world.generation,
        entry="run",
        action="converge",
        kind="load_balancer",
        object_id=run.load_balancer_id,
        who="worker",
        request_id=run.request_id,
        changes=[msgspec.structs.asdict(d) for d in run.done],
        outcome=outcome,
    )

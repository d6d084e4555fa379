"""Members in one go: those named are made or changed, the others removed unless the request only adds."""

from typing import Any

import falcon
import msgspec

from hydria.api import idempotency, places, policies, query, reads, requests, waiting, writes
from hydria.api.context import Context
from hydria.api.requests import Ask
from hydria.domain import edits, forms, kinds, rules
from hydria.domain.attributes import SPELLED, At, attributes, spelled
from hydria.domain.edits import Stamp
from hydria.domain.member import Member
from hydria.domain.refusals import Invalid
from hydria.domain.tree import Tree
from hydria.kit import ids
from hydria.storage.database import Connection

Key = tuple[str, int]
MUTABLE = tuple(a.name for a in attributes(Member).values() if a.at & At.UPDATE)
WORDS = ("name", "tags")
"""What a member that stays keeps when they are left out; everything else is then its default: a batch says what is wanted."""


class Nothing(Exception):
    """The members are as they are wanted; raised to leave the transaction without a trace."""


def members(context: Context, req: falcon.Request, pool_id: str) -> None:
    """Make the members of a pool those of the body."""
    reads.above(context, kinds.POOL, pool_id)
    additive = query.is_true(query.parameters(req), "additive_only")
    wanted = _wanted(requests.body(req, "members"))
    ask: Ask = req.context.ask
    if subnets := [m["subnet_id"] for m in wanted.values() if m["subnet_id"]]:
        context.database.read(lambda c: _pool(c, ask, pool_id, additive=additive))
        places.members(context.network, ask.caller, subnets)

    def work(c: Connection) -> str:
        pool = _pool(c, ask, pool_id, additive=additive)
        target = writes.Target(pool.load_balancer_id, pool.project_id, kinds.MEMBER, pool_id, pool.object_id)

        def make(tree: Tree, stamp: Stamp) -> Tree:
            if pool.object_id not in tree.pools:
                raise writes.immutable(target, "PENDING_DELETE")
            return _batch(context, tree, pool, wanted, stamp, additive=additive)

        if not writes.change(context, c, ask, target, make):
            raise Nothing
        idempotency.keep_plain(context, c, ask.once, 202)
        return pool.load_balancer_id

    try:
        waiting.told(context, ask, context.database.write(work))
    except Nothing:
        context.database.write(lambda c: idempotency.keep_plain(context, c, ask.once, 202))


def _pool(c: Connection, ask: Ask, pool_id: str, *, additive: bool) -> writes.Target:
    """The pool, of which the caller may set the members; raises NotFound and Forbidden."""
    pool = writes.found(c, ask, kinds.POOL, pool_id)
    for action in ("post", "put") if additive else ("post", "put", "delete"):
        ask.must(policies.on(kinds.MEMBER, action), pool.project_id)
    return pool


def _wanted(body: Any) -> dict[Key, dict[str, Any]]:
    """What each member of the body sets, by address and port; `given` holds what was really named."""
    if not isinstance(body, list) or not all(isinstance(m, dict) for m in body):
        message = f"'members' must be a list of objects; not {forms.quoted(body)}."
        raise Invalid(message)
    found: dict[Key, dict[str, Any]] = {}
    for member in body:
        forms.project(member)
        values = forms.create(Member, member)
        key = (values["address"], values["protocol_port"])
        if key in found:
            message = f"members: address {key[0]} and port {key[1]} are named twice."
            raise Invalid(message)
        found[key] = {**values, "given": frozenset(member)}
    return found


def _batch(
    context: Context,
    tree: Tree,
    pool: writes.Target,
    wanted: dict[Key, dict[str, Any]],
    stamp: Stamp,
    *,
    additive: bool,
) -> Tree:
    have: dict[Key, Member] = {(m.address, m.protocol_port): m for m in tree.members_of(pool.object_id)}
    made: list[Member] = []
    # No member of the batch has the place of another: what is checked one by one need not be looked for again.
    bare = msgspec.structs.replace(tree, members={})
    for key, values in wanted.items():
        part = _changed(have[key], values, stamp) if key in have else _new(pool, values, stamp)
        if part is not have.get(key):
            checked = rules.check(bare, part, context.settings.offer)
            assert isinstance(checked, Member)
            made.append(checked)
    after = tree.plus(*made) if made else tree
    gone = [] if additive else [m.id for key, m in have.items() if key not in wanted]
    return after.minus(*gone) if gone else after


def _new(pool: writes.Target, values: dict[str, Any], stamp: Stamp) -> Member:
    own = {k: v for k, v in values.items() if k != "given"} | {"pool_id": pool.object_id}
    made = writes.born(kinds.MEMBER, own, ids.new(), pool, stamp)
    assert isinstance(made, Member)
    return made


def _changed(member: Member, values: dict[str, Any], stamp: Stamp) -> Member:
    """The member as the batch wants it; itself when that is what it is."""
    names = [n for n in MUTABLE if n not in WORDS or n in values["given"]]
    names += [n + SPELLED for n in names if n in spelled(Member)]
    if values["subnet_id"] is not None:  # one that names none stays where it is
        names.append("subnet_id")
    wanted = {n: values[n] for n in names if values[n] != getattr(member, n)}
    changed: Member = edits.changed(member, stamp, wanted) if wanted else member
    return changed

"""Keep sync runs in the journal's database: anybody asks for them, the indexer that leads does them."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    String,
    and_,
    case,
    exists,
    literal,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.journal import codec
from bot.journal.database import Database
from bot.journal.nouns import moment, run_of
from bot.journal.running.liveness import heard_within, heard_workers
from bot.journal.running.repeated_runs import forget_the_same, of_source
from bot.journal.running.source_standing import remember
from bot.journal.tables import failing, good_syncs, now, runs
from bot.model import Failure, Progress, SyncReport
from bot.ports import Failing, RunState, SyncRequest, SyncRun

_OPEN = ("waiting", "running")
_TRIES = 5
_AT_ONCE = 50
# For whoever comes next to go on with.
_BROKEN_OFF: Final = {"state": "waiting", "worker": None, "beat_at": None}


class SqlRuns:
    """Implements ports.Runs. A running run whose worker was silent for `lost_after` seconds may be taken by another.

    Two runs never go on for the same source, and none beside one for all sources.

    What a run that waits or goes on does anyway isn't done again; whatever asks for more waits for the next
    run. Waiting ones of a source are merged, those for some paths alone among themselves.
    """

    def __init__(self, database: Database, *, lost_after: float = 20.0) -> None:
        self._database = database
        self._lost_after = lost_after

    async def request(self, request: SyncRequest) -> tuple[SyncRun, bool]:
        for _ in range(_TRIES):  # the run in the way may be taken just now
            async with self._database.writing() as connection:
                entered = await self._entered(connection, request)
            if entered is not None:
                return entered
        raise RuntimeError(f"the slot {_slot(request)} is taken and free at once")

    async def begin_run(
        self, request: SyncRequest, *, worker: str, died: Callable[[str], bool] = lambda _: False
    ) -> tuple[SyncRun, bool]:
        async with self._database.writing(alone=True) as connection:
            in_the_way = self._in_the_way(request.source)
            while (other := (await connection.execute(in_the_way)).first()) is not None:
                if not died(other.worker):
                    return run_of(other), False
                broken_off = update(runs).where(runs.c.id == other.id).values(_BROKEN_OFF)
                await connection.execute(broken_off)
            entered = await self._entered(connection, request)
            if entered is None:
                raise RuntimeError(f"the slot {_slot(request)} is taken, but by nobody")
            taken = await self._taken(connection, worker, runs.c.id == entered[0].id)
            return taken or entered[0], taken is not None

    async def take(self, worker: str) -> SyncRun | None:
        wanted = self._free()
        async with self._database.reading() as connection:  # who polls must not keep writers waiting
            if (await connection.execute(wanted)).first() is None:
                return None
        async with self._database.writing(alone=True) as connection:
            return await self._taken(connection, worker)

    async def break_off(self, died: Callable[[str], bool]) -> None:
        running = select(runs.c.worker).where(runs.c.state == "running").distinct()
        async with self._database.writing(alone=True) as connection:
            dead = [worker for worker in await connection.scalars(running) if worker and died(worker)]
            left = and_(runs.c.state == "running", runs.c.worker.in_(dead))
            await connection.execute(update(runs).where(left).values(_BROKEN_OFF))

    async def report_progress(self, run_id: str, progress: Progress) -> None:
        values = {"progress": codec.dumped(progress), "beat_at": now()}
        async with self._database.writing() as connection:
            await connection.execute(update(runs).where(runs.c.id == run_id).values(values))

    async def beat(self, run_id: str) -> None:
        async with self._database.writing() as connection:
            await connection.execute(update(runs).where(runs.c.id == run_id).values(beat_at=now()))

    async def cancel(self, run_id: str) -> None:
        waits = runs.c.state == "waiting"
        values = {
            "cancel_wanted": True,
            "state": case((waits, "cancelled"), else_=runs.c.state),
            "slot": case((waits, None), else_=runs.c.slot),
            "ended_at": case((waits, now()), else_=runs.c.ended_at),
        }
        mine = and_(runs.c.id == run_id, runs.c.state.in_(_OPEN))
        async with self._database.writing() as connection:
            await connection.execute(update(runs).where(mine).values(values))

    async def give_back(self, run_id: str) -> None:
        mine = and_(runs.c.id == run_id, runs.c.state == "running")
        async with self._database.writing() as connection:
            await connection.execute(update(runs).where(mine).values(_BROKEN_OFF))

    async def end(self, run_id: str, state: RunState, reports: Sequence[SyncReport], error: str = "") -> None:
        ended = {
            "state": state,
            "reports": [codec.dumped(report) for report in reports],
            "error": codec.storable(error),
            "ended_at": now(),
            "slot": None,
        }
        async with self._database.writing() as connection:
            done = await connection.execute(
                update(runs).where(runs.c.id == run_id).values(ended).returning(runs.c.request)
            )
            row = done.first()
            request = None if row is None else codec.loaded(SyncRequest, row.request)
            narrow = request is not None and bool(request.paths)
            if request is not None and not error:
                await forget_the_same(connection, run_id, request, reports)
            for report in reports:
                await remember(self._database, connection, report, narrow=narrow)

    async def run(self, run_id: str) -> SyncRun | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(runs).where(runs.c.id == run_id))).first()
        return None if row is None else run_of(row)

    async def latest(self, *, limit: int = 20) -> list[SyncRun]:
        wanted = select(runs).order_by(runs.c.requested_at.desc(), runs.c.id).limit(limit)
        async with self._database.reading() as connection:
            return [run_of(row) for row in await connection.execute(wanted)]

    async def going_on(self) -> list[SyncRun]:
        wanted = select(runs).where(runs.c.state.in_(_OPEN)).order_by(runs.c.requested_at, runs.c.id)
        async with self._database.reading() as connection:
            return [run_of(row) for row in await connection.execute(wanted)]

    async def last_good(self) -> dict[str, datetime]:
        async with self._database.reading() as connection:
            rows = await connection.execute(select(good_syncs))
            return {row.source: moment(row.at) for row in rows}

    async def last_report(self, source: str) -> SyncReport | None:
        mine = or_(runs.c.source == source, runs.c.source.is_(None))
        wanted = select(runs).where(mine, runs.c.ended_at.is_not(None))
        wanted = wanted.order_by(runs.c.requested_at.desc(), runs.c.id).limit(_AT_ONCE)
        async with self._database.reading() as connection:
            for page in count():
                rows = (await connection.execute(wanted.offset(page * _AT_ONCE))).all()
                whole = (run for run in map(run_of, rows) if not run.request.paths)
                for report in (report for run in whole for report in run.reports):
                    if report.source == source and not report.cancelled:
                        return report
                if len(rows) < _AT_ONCE:
                    break
        return None

    async def failing(self) -> list[Failing]:
        async with self._database.reading() as connection:
            rows = await connection.execute(select(failing).order_by(failing.c.source, failing.c.name))
            return [
                Failing(row.source, Failure(row.name, row.reason, row.for_all), moment(row.since))
                for row in rows
            ]

    # --- within -----------------------------------------------------------------------------------

    async def _entered(
        self, connection: AsyncConnection, request: SyncRequest
    ) -> tuple[SyncRun, bool] | None:
        """Enter the request as a run of its own, or return the run that does it; None if that was taken just now."""
        wanted = select(runs).where(of_source(request.source), runs.c.state.in_(_OPEN))
        for run in map(run_of, await connection.execute(wanted)):
            if _does(run, request):
                return run, False
        run_id, slot = uuid.uuid4().hex[:12], _slot(request)
        row = self._database.insert(runs).values(
            id=run_id,
            slot=slot,
            source=request.source,
            request=codec.dumped(request),
            requested_at=now(),
            reports=[],
            error="",
            cancel_wanted=False,
            state="waiting",
        )
        entered = row.on_conflict_do_nothing(index_elements=["slot"]).returning(*runs.c)
        new = (await connection.execute(entered)).first()
        if new is not None:
            return run_of(new), True
        other = await self._widened(connection, slot, request)
        return None if other is None else (other, False)

    async def _widened(self, connection: AsyncConnection, slot: str, request: SyncRequest) -> SyncRun | None:
        """Put the request's paths and rights into the waiting run that holds the slot, and return it."""
        wanted = select(runs).where(runs.c.slot == slot, runs.c.state == "waiting").with_for_update()
        row = (await connection.execute(wanted)).first()
        if row is None:
            return None
        run = run_of(row)
        merged = replace(
            run.request,
            full=run.request.full or request.full,
            confirm_deletes=run.request.confirm_deletes or request.confirm_deletes,
            paths=tuple(dict.fromkeys((*run.request.paths, *request.paths))),
        )
        same = runs.c.id == run.id
        await connection.execute(update(runs).where(same).values(request=codec.dumped(merged)))
        return replace(run, request=merged)

    def _free(self) -> Select[Any]:
        """Select the oldest run that may begin: one that waits, or whose worker was lost."""
        c, others = runs.c, runs.alias()
        busy = exists().where(self._alive(others), others.c.id != c.id, _overlap(c.source, others.c.source))
        lost = and_(c.state == "running", not_(self._alive(runs)))
        free = or_(and_(c.state == "waiting", not_(busy)), lost)
        return select(runs).where(free).order_by(c.requested_at, c.id).limit(1)

    async def _taken(
        self, connection: AsyncConnection, worker: str, only: ColumnElement[bool] | None = None
    ) -> SyncRun | None:
        wanted = self._free() if only is None else self._free().where(only)
        row = (await connection.execute(wanted)).first()
        if row is None:
            return None
        # The slot is for the next to wait in.
        values = {"state": "running", "worker": worker, "beat_at": now(), "slot": f"{row.id} goes on"}
        if row.started_at is None:
            values["started_at"] = now()
        taken = update(runs).where(runs.c.id == row.id).values(values).returning(*runs.c)
        return run_of((await connection.execute(taken)).one())

    def _alive(self, table: FromClause) -> ColumnElement[bool]:
        """Match runs that go on: the run or its worker was heard of lately."""
        heard = table.c.worker.in_(heard_workers(self._lost_after))
        lately = or_(heard_within(table.c.beat_at, self._lost_after), heard)
        return and_(table.c.state == "running", lately)

    def _in_the_way(self, source: str | None) -> Select[Any]:
        """Select a run that goes on and touches the source."""
        mine = literal(source, String)
        return select(runs).where(self._alive(runs), _overlap(mine, runs.c.source)).limit(1)


def _overlap(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[bool]:
    """Match where both are the same source, or one of them is all sources."""
    return or_(one.is_(None), other.is_(None), one == other)


def _does(run: SyncRun, request: SyncRequest) -> bool:
    """Return whether the run, which waits or goes on, does all that the request asks for."""
    if request.paths or run.request.paths or run.cancel_wanted:
        return False
    if request.anew and run.state == "running":
        return False
    more = (request.full, run.request.full), (request.confirm_deletes, run.request.confirm_deletes)
    return all(has or not wants for wants, has in more)


def _slot(request: SyncRequest) -> str:
    source = request.source or "*"
    return f"{source}/paths" if request.paths else source

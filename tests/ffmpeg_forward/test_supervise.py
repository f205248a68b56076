"""Running a child again and again, and telling how it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from streamstead.ffmpeg_forward.child import Place
from streamstead.ffmpeg_forward.supervise import (
    RING_LINES,
    ChildState,
    Command,
    Plan,
    Supervisor,
    Tell,
)

from .conftest import QUICK, Impatient, command, is_running, until

LIVE = "live()"
REFUSED = "sys.stderr.write('rtmp://h/live/x?secret=abc: Input/output error\\n'); sys.exit(1)"


def supervisor(place: Place) -> Supervisor:
    return Supervisor(place, limits=QUICK, backoff=Impatient())


def always(wanted: Command) -> Plan:
    async def plan(_: Tell) -> Command:
        return wanted

    return plan


def in_turn(*wanted: Command) -> Plan:
    """Run each once; then nothing any more."""
    left = list(wanted)

    async def plan(_: Tell) -> Command:
        while not left:
            await asyncio.Event().wait()
        return left.pop(0)

    return plan


@asynccontextmanager
async def running(one: Supervisor, plan: Plan) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(one.run(plan))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_good_child_becomes_live_and_is_off_when_stopped(place: Place) -> None:
    one = supervisor(place)
    assert one.status.state is ChildState.OFF
    async with running(one, always(command(LIVE))):
        await until(lambda: one.status.state is ChildState.LIVE)
        assert one.status.detail == ""
        assert one.running_digest == command(LIVE).digest
    assert one.status.state is ChildState.OFF
    assert one.running_digest is None


async def test_a_refused_child_is_retried_with_the_reason_in_words(place: Place) -> None:
    one = supervisor(place)
    async with running(one, always(command(REFUSED))):
        await until(lambda: one.status.restarts >= 2)
        assert one.status.state is ChildState.RETRYING
        assert one.status.detail == "the target refused the stream"


async def test_the_reason_belongs_to_the_last_run(place: Place) -> None:
    one = supervisor(place)
    async with running(one, in_turn(command(REFUSED), command("sys.exit(9)"))):
        await until(lambda: one.status.restarts == 2)
        assert one.status.detail == "ffmpeg ended with status 9"


async def test_it_recovers_by_itself_and_forgets_the_error(place: Place) -> None:
    one = supervisor(place)
    runs = iter([command(REFUSED)])

    async def plan(_: Tell) -> Command:
        return next(runs, command(LIVE))

    async with running(one, plan):
        await until(lambda: one.status.state is ChildState.LIVE)
        assert (one.status.restarts, one.status.detail) == (1, "")


async def test_a_program_that_is_not_installed_is_said_so(place: Place) -> None:
    one = supervisor(place)
    async with running(one, always(Command(("no-such-ffmpeg", "-x")))):
        await until(lambda: one.status.restarts >= 1)
        assert one.status.detail == "no-such-ffmpeg is not installed"


async def test_what_is_waited_for_is_told(place: Place) -> None:
    one = supervisor(place)

    async def plan(tell: Tell) -> Command:
        tell("waiting for rain")
        await asyncio.Event().wait()
        return command(LIVE)

    async with running(one, plan):
        await until(lambda: one.status.detail != "")
        assert (one.status.state, one.status.detail) == (ChildState.STARTING, "waiting for rain")


async def test_messages_are_kept_without_secrets_and_never_more_than_200(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    body = """
    for n in range(300): print(n, 'to rtmps://u:pw@h/app/hunter2?secret=tiger', file=sys.stderr)
    sys.exit(1)
    """
    one = supervisor(place)
    async with running(one, in_turn(command(body, "hunter2"))):
        await until(lambda: one.status.restarts == 1)
    assert len(one.lines) == RING_LINES
    assert one.lines[-1] == "299 to rtmps://***@h/app/***?secret=***"
    logged = capsys.readouterr()
    for secret in ("hunter2", "tiger", "pw@"):
        assert secret not in logged.out + logged.err
    assert "hunter2" not in repr(command(body, "hunter2"))


async def test_a_next_supervisor_waits_for_the_first_and_then_begins_its_own(place: Place) -> None:
    first, second = supervisor(place), supervisor(place)
    async with running(second, always(command(LIVE))):
        async with running(first, always(command(LIVE))):
            await until(
                lambda: ChildState.LIVE in (first.status.state, second.status.state),
            )
            waiting = second if first.status.state is ChildState.LIVE else first
            assert waiting.status.state is ChildState.STARTING
        await until(lambda: second.status.state is ChildState.LIVE)


async def test_many_restarts_leave_no_process_and_no_descriptor(
    place: Place, no_descriptor_left: None
) -> None:
    one = supervisor(place)
    pids: list[str] = []

    async def plan(_: Tell) -> Command:
        return command("print('pid', os.getpid(), file=sys.stderr)")

    async with running(one, plan):
        await until(lambda: one.status.restarts >= 5)
        pids = [line.split()[1] for line in one.lines]
    assert len(pids) >= 5
    assert not any(is_running(int(pid)) for pid in pids)

"""The host daemon: keeps every program of one data directory running.

Its own end, by a signal or a crash, stops nothing: the next one adopts what runs. Only
``POST /v1/stop`` stops everything.
"""

import asyncio
import os
import resource
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from ..core.errors import StreamsteadError, Upstream
from ..core.files import is_there, write_atomic
from ..core.log import get_logger
from ..core.paths import DataDir
from ..core.runner import Running, Service
from ..core.settings import Settings
from .api import Manager, create_app
from .audit import keep_audit_files
from .backup.anew import finish_restore, taken_back_if_bad
from .backup.part import open_part as open_backup
from .config_files import ConfigFiles
from .configuration.part import open_part as open_configuration
from .containers.part import open_part as open_containers
from .containers.state import Programs
from .containers.switching import chosen_media
from .first_start import prepare
from .front.part import open_part as open_front
from .front.settings import FrontSettings
from .health import Verdict, probe
from .host_events import HostEvents
from .house import House
from .http import door
from .https.part import open_part as open_https
from .https.shelf import Shelf
from .lock import only_one
from .logs.own import keep_own_log
from .logs.part import open_part as open_logs
from .notify import sd_notify, watchdog_every_s
from .password.part import open_part as open_password
from .ports import choose_doors, has_ipv6, remember_doors
from .runtime.account import Account, house_account
from .runtime.choose import Decision, decide
from .runtime.process import ProcessRuntime
from .runtime.protocol import Runtime
from .runtime.spec import HealthCheck, HttpProbe, RuntimeName
from .services.common import Plan
from .services.plan import SERVICE_NAMES, build_specs
from .state_file import StateFile
from .status import WELL
from .supervisor import Supervisor
from .unit import Unit
from .upgrade.migrations import Migrations
from .upgrade.part import open_part as open_upgrade

log = get_logger(__name__)

OPEN_FILES = 65536
"""File in ``run/``: our end was asked for, so nobody is to start us again."""
_DOCKER_MARK = "docker-used"
_PARTS = (
    open_containers,
    open_configuration,
    open_https,
    open_front,
    open_logs,
    open_upgrade,
    open_backup,
    open_password,
)


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[Running]:
    account = house_account(settings)
    data = settings.data
    finish_restore(data)
    with taken_back_if_bad(data):
        await asyncio.to_thread(prepare, data, account)
    with only_one(data.run / "mgmt.lock"):
        data.stop_mark.unlink(missing_ok=True)
        with suppress(OSError):  # a full disk: it is on standard error in any case
            keep_own_log(data)
        _raise_open_files()
        with taken_back_if_bad(data):
            await asyncio.to_thread(Migrations(data).forward)
            decision = await asyncio.to_thread(decide, settings)
        log.info("runtime.chosen", runtime=decision.runtime, reason=decision.reason)
        runtimes = await open_runtimes(settings, account, decision)
        try:
            processes = runtimes[RuntimeName.PROCESS]
            assert isinstance(processes, ProcessRuntime)
            with suppress(Upstream):  # whoever starts a service meets it again
                await processes.begin_early()
            plan, supervisor = await build(settings, account, decision, runtimes)
            asked = asyncio.Event()
            house = House(plan, supervisor, HostEvents(data.mgmt), asked.set)
            parts = [open_part(house) for open_part in _PARTS]
            app = create_app(
                Manager(
                    supervisor, decision, house.events, asked.set, lambda: house.plan.media_server
                ),
                [route for part in parts for route in part.routes],
                data.audit,
            )
            yield Running(
                listeners=[door(app, data.mgmt_socket, account)],
                loops=[
                    supervisor.run(),
                    _stop_when_asked(asked, supervisor, data),
                    _tell_systemd(data.mgmt_socket, supervisor),
                    keep_audit_files(data.audit, account),
                    *(loop for part in parts for loop in part.loops),
                ],
            )
        finally:
            for runtime in runtimes.values():
                await runtime.close()


async def open_runtimes(
    settings: Settings, account: Account, decision: Decision
) -> dict[RuntimeName, Runtime]:
    """Return the runtimes that are in use; processes always, for what we wrote."""
    process = ProcessRuntime(settings.data, account)
    runtimes: dict[RuntimeName, Runtime] = {RuntimeName.PROCESS: process}
    mark = settings.data.run / _DOCKER_MARK
    if decision.runtime is RuntimeName.DOCKER or is_there(mark):
        # Late: the library costs memory that a machine without Docker need not give.
        from .runtime.docker import DockerRuntime

        docker = DockerRuntime(settings, account)
        if decision.runtime is RuntimeName.DOCKER:
            write_atomic(mark, "", 0o644, keep_owner=False)
            runtimes[RuntimeName.DOCKER] = docker
        else:
            await _leave_docker(docker, mark)
    return runtimes


async def _leave_docker(docker: Runtime, mark: Path) -> None:
    """Stop the containers of an earlier choice: they hold our ports."""
    try:
        for name in SERVICE_NAMES:
            await docker.stop(name)
        await asyncio.to_thread(mark.unlink, missing_ok=True)
    except StreamsteadError as exc:
        log.warning("containers.not_stopped", error=str(exc))
    finally:
        await docker.close()


async def build(
    settings: Settings,
    account: Account,
    decision: Decision,
    runtimes: dict[RuntimeName, Runtime],
) -> tuple[Plan, Supervisor]:
    """Make the plan, and the supervisor with one unit per program; starts nothing."""
    front = runtimes[decision.runtime]
    front_runs = False
    with suppress(OSError, StreamsteadError):
        front_runs = await front.inspect("front") is not None
    doors = choose_doors(settings, front_runs)
    remember_doors(settings.data.run, doors)
    programs = StateFile(settings.data.mgmt, "programs", Programs).read()
    plan = Plan(
        settings,
        account,
        decision.runtime,
        chosen_media(programs, decision, settings),
        doors,
        ipv6=has_ipv6(),
        programs=programs,
        front=StateFile(settings.data.mgmt, "front", FrontSettings).read(),
        certificate=Shelf(settings.data.ssl).current,
    )
    supervisor = Supervisor(runtimes)
    for spec in build_specs(plan):
        note = "; ".join(doors.reasons) if spec.name == "front" else ""
        supervisor.add(
            Unit(
                spec,
                runtimes[spec.runtime],
                ConfigFiles(spec, settings.data, account),
                supervisor.on_change,
                note,
            )
        )
    return plan, supervisor


async def _stop_when_asked(asked: asyncio.Event, supervisor: Supervisor, data: DataDir) -> None:
    await asked.wait()
    log.info("stop.asked")
    write_atomic(data.stop_mark, "", 0o644, keep_owner=False)
    sd_notify("STOPPING=1")
    await supervisor.stop_all()
    # The one way out of this process that also closes listeners in order.
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.Event().wait()


async def _tell_systemd(socket: Path, supervisor: Supervisor) -> None:
    ours = HealthCheck(HttpProbe("/healthz", uds=socket))
    for _ in range(200):
        if (await probe(ours)).verdict is Verdict.GOOD:
            break
        await asyncio.sleep(0.05)
    sd_notify("READY=1", f"MAINPID={os.getpid()}")
    every_s = watchdog_every_s() or 30.0
    while True:
        good = sum(status.state in WELL for status in supervisor.status())
        total = len(supervisor.status())
        sd_notify("WATCHDOG=1", f"STATUS={good} of {total} programs are healthy")
        await asyncio.sleep(every_s)


def _raise_open_files() -> None:
    """Children inherit it: SRS and nginx hold a descriptor per viewer, the usual 1024 is little."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


SERVICE = Service("mgmt", _open)

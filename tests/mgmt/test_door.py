"""Who may speak to the manager: root, the platform, nobody else; whatever the socket's mode."""

import asyncio
import os
import pwd
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from structlog.testing import capture_logs

from streamstead.core.errors import ConfigError
from streamstead.core.runner import _bind, _listen, background
from streamstead.core.settings import Settings
from streamstead.mgmt.http import door
from streamstead.mgmt.runtime.account import Account, house_account
from streamstead.mgmt.runtime.process import ProcessRuntime
from streamstead.mgmt.runtime.spec import HealthCheck, HttpProbe, RuntimeName, ServiceSpec
from streamstead.mgmt.services.common import MediaServer, Plan
from streamstead.mgmt.services.plan import build_specs

SERVICES, PLATFORM, STRANGER = 61001, 61002, 61003
GROUP, PLATFORM_GROUP = 65534, 61012
HOUSE = Account("services", SERVICES, GROUP, (GROUP,), PLATFORM, PLATFORM_GROUP)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")

_ASK = """
import socket, sys, time
while True:
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.connect(sys.argv[1])
            sock.sendall(b"GET / HTTP/1.1\\r\\nHost: mgmt\\r\\nConnection: close\\r\\n\\r\\n")
            print(sock.recv(15).decode() or "closed")
        except ConnectionRefusedError:
            time.sleep(0.02)  # it does not listen yet
            continue
        except ConnectionError:
            print("closed")
        except PermissionError:
            print("shut")
    break
"""


async def asked_by(path: Path, account: Account) -> str:
    """Return what somebody hears who connects."""
    done = await asyncio.to_thread(
        subprocess.run,
        ["/usr/bin/python3", "-I", "-c", _ASK, str(path)],
        user=account.uid,
        group=account.gid,
        extra_groups=list(account.groups),
        cwd="/",
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@asynccontextmanager
async def served(folder: Path, account: Account) -> AsyncIterator[Path]:
    async def hello(_: Request) -> Response:
        return Response("hello")

    path = folder / "mgmt.sock"
    listener = door(Starlette(routes=[Route("/", hello)]), path, account)
    async with background(_listen(listener, _bind(listener))):
        yield path


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder as ``run`` is: the group of the services writes there."""
    with TemporaryDirectory(dir="/tmp") as name:
        path = Path(name)
        os.chown(path, 0, GROUP)
        path.chmod(0o3775)
        yield path


async def test_the_platform_and_root_are_heard_and_no_service_is(folder: Path) -> None:
    async with served(folder, HOUSE) as path:
        assert await asked_by(path, HOUSE.web) == "HTTP/1.1 200 OK"
        assert await asked_by(path, Account("", 0, 0)) == "HTTP/1.1 200 OK"
        assert await asked_by(path, HOUSE) == "shut"
        facts = path.stat()
        assert (facts.st_uid, facts.st_gid, facts.st_mode & 0o777) == (0, PLATFORM_GROUP, 0o660)


async def test_who_gets_past_the_mode_of_the_socket_is_still_not_heard(folder: Path) -> None:
    stranger = Account("", STRANGER, STRANGER, (PLATFORM_GROUP,))
    async with served(folder, HOUSE) as path:
        with capture_logs() as logs:
            assert await asked_by(path, stranger) == "closed"
            path.chmod(0o777)
            assert await asked_by(path, HOUSE) == "closed"
        refused = [line["uid"] for line in logs if line["event"] == "socket.refused"]
        assert refused == [STRANGER, SERVICES]
        assert await asked_by(path, HOUSE.web) == "HTTP/1.1 200 OK"


async def test_a_service_cannot_put_a_socket_of_its_own_there(folder: Path) -> None:
    theirs = folder / "mgmt.sock"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(theirs))
        os.chown(theirs, SERVICES, GROUP)
        async with served(folder, HOUSE) as path:
            assert await asked_by(path, HOUSE.web) == "HTTP/1.1 200 OK"
            assert path.stat().st_uid == 0


async def test_a_manager_without_root_hears_its_own_account(tmp_path: Path) -> None:
    me = Account("", os.geteuid(), os.getegid())
    async with served(tmp_path, me) as path:
        assert await asked_by(path, me) == "HTTP/1.1 200 OK"


def test_the_platform_alone_runs_as_another_user_in_the_same_group(settings: Settings) -> None:
    specs = build_specs(Plan(settings, HOUSE, RuntimeName.PROCESS, MediaServer.EMBEDDED))
    assert {spec.name for spec in specs if spec.web} == {"platform"}
    assert {spec.runs_as for spec in specs if spec.web} == {f"{PLATFORM}:{GROUP}"}
    assert {spec.runs_as for spec in specs if not spec.web} == {f"{SERVICES}:{GROUP}"}


async def test_the_process_of_the_platform_is_that_user(
    settings: Settings, until: Callable[[Callable[[], object]], Awaitable[None]]
) -> None:
    runtime = ProcessRuntime(settings.data, HOUSE)
    ids = "os.getresuid(), os.getresgid(), sorted(os.getgroups()), os.umask(0)"
    say = f"import os, time; print({ids}, flush=True); time.sleep(9)"
    argv = ("/usr/bin/python3", "-I", "-c", say)
    health = HealthCheck(HttpProbe("/", port=1))
    spec = ServiceSpec("platform", argv, health, order=1, web=True, workdir="/")
    try:
        await runtime.ensure(spec)
        await until((settings.data.logs / "platform.log").read_text)
        lines = await runtime.logs("platform", 1)
    finally:
        await runtime.stop("platform", 1)
        await runtime.close()
    who = (PLATFORM,) * 3, (GROUP,) * 3, [PLATFORM_GROUP, GROUP], 0o007
    assert lines == [" ".join(map(str, who))]


def test_the_account_of_the_platform_is_neither_missing_nor_root_nor_the_services(
    settings: Settings,
) -> None:
    def named(web: str) -> Settings:
        return settings.model_copy(update={"user": "nobody", "web_user": web})

    daemon = pwd.getpwnam("daemon")
    found = house_account(named("daemon"))
    assert (found.uid, found.web.uid) == (pwd.getpwnam("nobody").pw_uid, daemon.pw_uid)
    assert found.web.gid == found.gid
    for web, reason in (
        ("no-such-account", "does not exist"),
        ("root", "user id 0"),
        ("nobody", "is the account of"),
    ):
        with pytest.raises(ConfigError, match=reason):
            house_account(named(web))

"""Whoever has become the platform, and so speaks for an operator who signed in, is refused at the
manager's own socket what would make them root; root is not asked."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from streamstead.core.runner import _bind, _listen, background
from streamstead.core.settings import Settings
from streamstead.mgmt.api import Manager, create_app
from streamstead.mgmt.backup.part import open_part as open_backup
from streamstead.mgmt.cli.main import main
from streamstead.mgmt.configuration.part import open_part as open_configuration
from streamstead.mgmt.front.part import open_part as open_front
from streamstead.mgmt.host_events import HostEvents
from streamstead.mgmt.house import House, Part
from streamstead.mgmt.http import door
from streamstead.mgmt.password.part import open_part as open_password
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.choose import Decision
from streamstead.mgmt.runtime.spec import RuntimeName
from streamstead.mgmt.services.common import MediaServer, Plan
from streamstead.mgmt.supervisor import Supervisor
from streamstead.mgmt.upgrade.part import open_part as open_upgrade

from ...conftest import RedisServer
from .conftest import CODE, PASSWORD, hash_of

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")

GROUP, PLATFORM_GROUP = 65534, 61012
HOUSE = Account("services", 61001, GROUP, (GROUP,), 61002, PLATFORM_GROUP)
ROOT = Account("", 0, 0)

GATED: dict[str, tuple[str, dict[str, Any], str]] = {
    "an SSH key": ("pubkey", {"enabled": True, "key": "nonsense"}, "pubkey_invalid"),
    "no SSH key": ("pubkey", {"enabled": False, "key": "nonsense"}, "pubkey_invalid"),
    "a source": ("upgrade/settings", {"source": "github", "url": "me/streamstead"}, "ok"),
    "a place": ("upgrade/settings", {"url": "https://releases.example.com/x.json"}, "ok"),
    "keys": ("upgrade/settings", {"keys": []}, "ok"),
    "an old release": ("upgrade/rollback", {}, "nothing_to_roll_back"),
    "a backup": ("backup/restore", {"id": "20260101-000000-aa"}, "backup_unknown"),
    "a configuration": ("configuration/apply", {"yaml": "version: 1"}, ""),
}
"""What is asked for, and what root hears; empty: root would wait for a program."""

OPEN = [
    ("upgrade/settings", {"strategy": "manual"}),
    ("upgrade/settings", {"channel": "stable", "window": {"start": 1, "duration": 2}}),
]

_ASK = """
import http.client, json, socket, sys
path, asked = json.load(sys.stdin)
for call, body, headers in asked:
    connection = http.client.HTTPConnection("mgmt")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(60)
    connection.sock.connect(path)
    connection.request("POST", "/v1/" + call, json.dumps(body), headers)
    reply = connection.getresponse()
    answer = json.loads(reply.read())
    print(json.dumps([reply.status, (answer["data"] or {}).get("key", "ok")]))
    connection.close()
"""


@pytest.fixture
def settings(settings: Settings) -> Iterator[Settings]:
    """In a folder that other accounts may look into."""
    with TemporaryDirectory(dir="/tmp", prefix="ss-") as name:
        for folder in ("config", "run", "redis", "mgmt", "audit", "backups", "upgrade"):
            Path(name, folder).mkdir()
        Path(name).chmod(0o755)
        yield settings.model_copy(update={"data_dir": Path(name)})


@pytest.fixture
async def socket(settings: Settings, redis_process: RedisServer) -> AsyncIterator[Path]:
    data = settings.data
    data.setup_code.write_text(CODE)
    plan = Plan(settings, HOUSE, RuntimeName.PROCESS, MediaServer.EMBEDDED)
    house = House(plan, Supervisor({}), HostEvents(data.mgmt), lambda: None)
    opened: list[Part] = [
        part(house)
        for part in (open_front, open_backup, open_upgrade, open_configuration, open_password)
    ]
    for part in opened:
        for loop in part.loops:
            loop.close()
    (data.mgmt / "upgrade.json").write_text('{"keys": ["kept"]}')
    decision = Decision(RuntimeName.PROCESS, MediaServer.EMBEDDED, "")
    manager = Manager(house.supervisor, decision, house.events, house.request_stop)
    app = create_app(manager, [route for part in opened for route in part.routes], data.audit)
    listener = door(app, data.mgmt_socket, HOUSE)
    async with background(_listen(listener, _bind(listener))):
        yield data.mgmt_socket


async def ask(path: Path, account: Account, *asked: tuple[str, dict[str, Any]]) -> list[Any]:
    """Return (status, key or ok) of each call; the platform's own mark is on every second one."""
    calls = [
        [call, body, headers]
        for call, body in asked
        for headers in ({}, {"x-streamstead-audited": "1"})[: 1 if account is ROOT else 2]
    ]
    done = await asyncio.to_thread(
        subprocess.run,
        ["/usr/bin/python3", "-I", "-c", _ASK],
        input=json.dumps([str(path), calls]),
        user=account.uid,
        group=account.gid,
        extra_groups=list(account.groups),
        cwd="/",
        check=True,
        capture_output=True,
        text=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


async def test_a_session_alone_makes_nobody_root(socket: Path, settings: Settings) -> None:
    first = ("password/first", {"hash": hash_of(PASSWORD), "code": CODE})
    assert (await ask(socket, HOUSE.web, first))[0] == [200, "ok"]
    before = (settings.data.mgmt / "upgrade.json").read_bytes()
    gated = [(call, body) for call, body, _ in GATED.values()]
    told = await ask(socket, HOUSE.web, *gated, ("password/reset", {"hash": hash_of("x")}))
    assert told[:-2] == [[403, "password_needed"]] * (2 * len(gated))
    assert told[-2:] == [[403, "forbidden"]] * 2
    [wrong, *_] = await ask(
        socket, HOUSE.web, ("backup/restore", {"id": "x", "password": "the burglar's"})
    )
    assert wrong == [403, "password_wrong"]
    assert (settings.data.mgmt / "upgrade.json").read_bytes() == before
    assert [one for one in await ask(socket, HOUSE.web, *OPEN) if one != [200, "ok"]] == []
    noted = next(settings.data.audit.iterdir()).read_bytes()
    assert (b"a service" in noted, b"command line" in noted) == (True, False)


async def test_with_the_password_it_is_done_and_root_needs_none(
    socket: Path, settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    quick = [(call, body, key) for call, body, key in GATED.values() if key]
    first = ("password/first", {"hash": hash_of(PASSWORD), "code": CODE})
    await ask(socket, HOUSE.web, first)
    proven = [(call, {**body, "password": PASSWORD}) for call, body, _ in quick]
    assert [key for _, key in (await ask(socket, HOUSE.web, *proven))[::2]] == [
        key for _, _, key in quick
    ]
    told = await ask(socket, ROOT, *((call, body) for call, body, _ in quick))
    assert [key for _, key in told] == [key for _, _, key in quick]
    noted = b"".join(path.read_bytes() for path in settings.data.audit.iterdir())
    said = capfd.readouterr()
    assert PASSWORD not in noted.decode() + said.out + said.err


async def test_root_sets_a_new_one_by_the_command_line_where_nobody_knows_the_old_one(
    socket: Path, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = settings.data
    lines = [f"STREAMSTEAD_{name}=x" for name in ("API_SECRET", "HOOK_SECRET", "REDIS_PASSWORD")]
    data.env_file.write_text("\n".join(lines))
    first = ("password/first", {"hash": hash_of(PASSWORD), "code": CODE})
    await ask(socket, HOUSE.web, first)
    file = tmp_path / "password"
    words = ["password", "--password-file", str(file), "--data", str(data.root)]
    file.write_text("short\n")
    assert await asyncio.to_thread(main, words) == 1
    assert "shorter than 8" in capsys.readouterr().err
    file.write_text("another horse\nmore\n")
    assert await asyncio.to_thread(main, words) == 0
    keys = ("upgrade/settings", {"keys": [], "password": "another horse"})
    assert (await ask(socket, HOUSE.web, keys))[0] == [200, "ok"]
    assert b"command line" in next(data.audit.iterdir()).read_bytes()

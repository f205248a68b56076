"""The manager's calls of upgrades, and what it does by itself."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from streamstead.core.settings import Settings
from streamstead.mgmt.api import Manager, create_app
from streamstead.mgmt.host_events import HostEvents
from streamstead.mgmt.house import House
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.choose import Decision
from streamstead.mgmt.runtime.spec import RuntimeName
from streamstead.mgmt.services.common import MediaServer, Plan
from streamstead.mgmt.supervisor import Supervisor
from streamstead.mgmt.upgrade import watch
from streamstead.mgmt.upgrade.journal import Journal, Problem, Result, Wish, new_run
from streamstead.mgmt.upgrade.keys import Revoked, revoked_file
from streamstead.mgmt.upgrade.known import Known
from streamstead.mgmt.upgrade.lock import STEP_LIMIT_S, UpgradeLock
from streamstead.mgmt.upgrade.part import Calls
from streamstead.mgmt.upgrade.place import Installed, chosen_file
from streamstead.mgmt.upgrade.settings import UpgradeSettings
from streamstead.mgmt.upgrade.window import Window
from streamstead.platform.house.upgrade import UpgradeRun, UpgradeStatus, UpgradeWindow

from .conftest import Signer


@pytest.fixture
def house(settings: Settings, account: Account) -> House:
    data = settings.data
    for folder in (data.mgmt, data.upgrade, data.releases):
        folder.mkdir(exist_ok=True)
    plan = Plan(settings, account, RuntimeName.PROCESS, MediaServer.EMBEDDED)
    return House(plan, Supervisor({}), HostEvents(data.mgmt), lambda: None)


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    decision = Decision(RuntimeName.PROCESS, MediaServer.EMBEDDED, "")
    manager = Manager(house.supervisor, decision, house.events, house.request_stop)
    app = create_app(manager, Calls(house, watch.Watch(house)).routes())
    transport = httpx.ASGITransport(app, client=("uid:0", 0))  # root's command line
    async with httpx.AsyncClient(transport=transport, base_url="http://mgmt") as made:
        yield made


async def change(client: httpx.AsyncClient, **wanted: Any) -> httpx.Response:
    return await client.post("/v1/upgrade/settings", content=json.dumps(wanted))


async def test_status_and_window_are_what_the_page_expects(client: httpx.AsyncClient) -> None:
    status = (await client.get("/v1/upgrade/status")).json()["data"]
    assert UpgradeStatus.model_validate(status).running is False
    chosen = (await client.get("/v1/upgrade/settings")).json()["data"]
    assert UpgradeWindow.model_validate(chosen["window"]).duration == 6


async def test_choices_are_kept_and_checked(
    client: httpx.AsyncClient, house: House, signer: Signer
) -> None:
    assert (await change(client, strategy="manual", keys=[signer.public])).status_code == 200
    window = {"start": 3, "duration": 2, "zone": "Europe/Berlin"}
    assert (await change(client, window=window)).status_code == 200
    kept = chosen_file(house.data).read()
    assert (kept.strategy, kept.keys, kept.window.zone) == (
        "manual",
        [signer.public],
        "Europe/Berlin",
    )
    for wrong, key in (
        ({"keys": ["nonsense"]}, "upgrade_key_form"),
        ({"window": window | {"zone": "Mars"}}, "window_zone"),
        ({"window": window | {"duration": 25}}, "invalid"),
        ({"url": "http://example.com/index.json"}, "release_address"),
        ({"source": "git", "url": "ext::sh -c id"}, "release_address"),
    ):
        refused = await change(client, **wrong)
        assert refused.json()["data"]["key"] == key
    assert chosen_file(house.data).read() == kept


async def test_a_revoked_key_is_neither_shown_nor_taken_again(
    client: httpx.AsyncClient, house: House, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamstead.mgmt.upgrade.part.pinned", lambda _: [signer.public])
    shown = (await client.get("/v1/upgrade/settings")).json()["data"]
    assert shown["pinned"] == [signer.public]
    revoked_file(house.data).write(Revoked(keys=[signer.public]))
    shown = (await client.get("/v1/upgrade/settings")).json()["data"]
    assert shown["pinned"] == []
    refused = await change(client, keys=[signer.public])
    assert refused.json()["data"]["key"] == "upgrade_key_revoked"


async def test_nothing_to_go_back_to_and_nothing_installed_are_told(
    client: httpx.AsyncClient,
) -> None:
    back = await client.post("/v1/upgrade/rollback")
    assert back.json()["data"]["key"] == "nothing_to_roll_back"
    begun = await client.post("/v1/upgrade/start", content=b'{"version": "1.2.3"}')
    assert begun.status_code == 404
    wrong = await client.post("/v1/upgrade/start", content=b'{"version": "../x"}')
    assert wrong.json()["data"]["key"] == "version_form"


def interrupted(house: House) -> Journal:
    """Leave a run that nobody works on."""
    (house.data.releases / "1.0.0-a").mkdir()
    Installed(house.data).switch("1.0.0-a")
    journal = Journal(house.data)
    journal.write(new_run(Wish(), "1.0.0", "1.0.0-a"))
    return journal


async def test_progress_tells_every_change_of_the_journal(house: House) -> None:
    journal = interrupted(house)
    calls = Calls(house, watch.Watch(house))
    told: list[UpgradeRun] = []
    async for raw in calls._runs():
        told.append(UpgradeRun.model_validate_json(raw.split(b"data: ")[1]))
        run = journal.read()
        if run is None:
            break
        run.result = Result.DONE
        journal.end(run)
    assert [one.result for one in told] == ["", "done"]
    assert told[-1].percent == 100


async def test_a_run_that_nobody_works_on_is_taken_up_and_told_of(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = interrupted(house)
    resumed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def resume(_: Settings) -> bool:
        loop.call_soon_threadsafe(resumed.set)
        return True

    monkeypatch.setattr(watch, "resume", resume)
    monkeypatch.setattr(watch, "CARE_S", 0.01)
    monkeypatch.setattr(watch, "RESUME_AFTER_S", 0.02)
    task = asyncio.create_task(watch.Watch(house).look_after())
    await asyncio.wait_for(resumed.wait(), 20)
    run = journal.read()
    assert run is not None
    run.result, run.error = Result.ROLLED_BACK, Problem(key="k", message="m", help="h")
    journal.end(run)
    async with asyncio.timeout(20):
        async for batch in house.events.follow(0):
            if batch[-1]["type"] == "upgrade.rolled_back":
                break
    task.cancel()
    assert next(one["type"] for one in house.events.after(0)) == "upgrade.started"


@pytest.mark.parametrize(
    ("strategy", "is_open", "last", "begins"),
    [
        ("auto", True, None, True),
        ("manual", True, None, False),
        ("auto", False, None, False),
        ("auto", True, Result.ROLLED_BACK, False),
    ],
)
async def test_it_goes_to_stable_by_itself_when_that_was_chosen(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    strategy: str,
    is_open: bool,
    last: Result | None,
    begins: bool,
) -> None:
    hour = (datetime.now(UTC) - timedelta(minutes=30)).hour
    start = hour if is_open else (hour + 8) % 24
    window = Window(start=start, duration=3)
    chosen = UpgradeSettings.model_validate({"strategy": strategy, "window": window})
    chosen_file(house.data).write(chosen)
    if last is not None:
        run = new_run(Wish(), "0.0.1", "0.0.1-a")
        run.to, run.result = "99.0.0", last
        Journal(house.data).end(run)
    begun: list[Wish] = []
    monkeypatch.setattr(watch, "begin", lambda _settings, wish: begun.append(wish))
    await watch.Watch(house)._go_by_itself(Known(stable="99.0.0", latest="99.1.0"))
    assert [wish.version for wish in begun] == (["99.0.0"] if begins else [])


def test_the_lock_knows_its_owner_and_ends_one_that_hangs(house: House) -> None:
    lock, other = UpgradeLock(house.data.upgrade), UpgradeLock(house.data.upgrade)
    with lock.held("run-1"):
        assert other.is_held()
        owner = other.owner()
        assert owner is not None
        assert owner.alive
        assert not owner.expired
        assert owner.run == "run-1"
        assert STEP_LIMIT_S >= 3000
        assert not other.end_hung()
    assert not other.is_held()
    assert other.owner() is None

"""Own certificates, the way back, and what happens by itself; without any CA."""

import asyncio
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streamstead.core.errors import (
    Conflict,
    HttpsManaged,
    Invalid,
    RateLimited,
    StreamsteadError,
)
from streamstead.core.settings import Settings
from streamstead.mgmt.certificate import self_signed
from streamstead.mgmt.https import swap
from streamstead.mgmt.https.certbot import CaFailed
from streamstead.mgmt.https.models import (
    About,
    Facts,
    Order,
    Problem,
    Provider,
    WantSettings,
    WantUpload,
    now_ms,
)
from streamstead.mgmt.https.pem import check_readable
from streamstead.mgmt.https.show import show
from streamstead.mgmt.https.swap import go_live

from .conftest import Place
from .test_pem import make

pytestmark = [pytest.mark.integration]

DAY_MS = 86_400_000


@pytest.fixture
async def place(open_place: Callable[[Settings], Any], settings: Settings) -> Place:
    found: Place = await open_place(settings)
    return found


async def upload(place: Place, crt: str, key: str) -> None:
    await place.desk.upload(WantUpload(crt=crt, key=key))


async def serve_from_ca(place: Place, days_left: float) -> Facts:
    """Have a certificate served as if the CA (which is away) had given it 80 days ago or so."""
    now = datetime.now(UTC).replace(microsecond=0)
    end = now + timedelta(days=days_left)
    made = make("lets", start=end - timedelta(days=90), end=end)
    facts = check_readable(made.crt, made.key)
    about = About(provider=Provider.LETS, facts=facts, order=Order(domains=facts.domains))
    shelf = place.desk.shelf
    await go_live(place.house, shelf, shelf.put(made.crt, made.key, about))
    return facts


async def test_an_uploaded_certificate_is_served_and_the_one_before_comes_back(
    place: Place,
) -> None:
    before = await place.served()
    crt, key = self_signed(("live.example.org",))
    await upload(place, crt, key)
    shown = show(place.desk)
    assert await place.served() == place.desk.about().facts.fingerprint != before
    assert (shown["provider"], shown["domain"]) == ("ssl", "live.example.org")
    assert shown["crt"].strip() == crt.strip()
    assert "PRIVATE" not in str(shown)
    assert shown["job"]["state"] == "done"
    assert shown["previous"]["provider"] == "self"
    await place.desk.rollback()
    assert await place.served() == before
    place.desk.state.previous = ""
    with pytest.raises(Conflict) as refused:
        await place.desk.rollback()
    assert refused.value.key == "certificate_no_previous"


async def test_what_nginx_refuses_or_does_not_show_is_taken_back(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await place.served()
    conf = place.house.data.config / "front" / "nginx.conf"
    good = conf.read_text()
    check = place.house.supervisor.runtimes[place.house.plan.runtime].check

    async def refuse(_: object) -> str:
        return "nginx: [emerg] cannot load certificate"

    runtime: Any = place.house.supervisor.runtimes[place.house.plan.runtime]
    monkeypatch.setattr(runtime, "check", refuse)
    watching = asyncio.create_task(place.watch())
    with pytest.raises(Invalid) as refused:
        await upload(place, *self_signed(("live.example.org",)))
    assert refused.value.key == "configuration_refused"
    monkeypatch.setattr(runtime, "check", check)
    # And one that nginx takes but does not show: as if the reload had been lost.
    monkeypatch.setattr(swap, "VERIFY_S", 0.3)

    async def lost(_name: str, _number: int) -> None:
        pass

    signal = runtime.signal
    monkeypatch.setattr(runtime, "signal", lost)
    with pytest.raises(StreamsteadError) as failed:
        await upload(place, *self_signed(("live.example.org",)))
    assert failed.value.key == "certificate_not_served"
    monkeypatch.setattr(runtime, "signal", signal)
    assert not watching.done()
    watching.cancel()
    assert set(place.seen) == {before} == {await place.served()}
    assert conf.read_text() == good
    assert len(place.desk.shelf.ids()) == 1
    job = show(place.desk)["job"]
    assert (job["state"], job["error"]["key"]) == ("failed", "certificate_not_served")


async def test_a_renewal_that_fails_is_told_and_tried_later_not_at_once(place: Place) -> None:
    facts = await serve_from_ca(place, days_left=6.5)
    before = await place.served()
    assert before == facts.fingerprint
    await place.renewal.look()
    state = place.desk.state
    assert (state.last_ok, state.failures) == (False, 1)
    assert state.last_error is not None
    assert state.last_error.key == "ca_unreachable"
    assert state.last_at_ms is not None
    assert state.next_at_ms is not None
    assert 0.7 < (state.next_at_ms - state.last_at_ms) / 3_600_000 < 1.3
    assert place.told() == ["certificate.expiring", "certificate.failed"]
    failed = place.house.events.after(0)[-1]["data"]
    assert failed["key"] == "ca_unreachable"
    assert failed["days_left"] == 6
    await place.renewal.look()
    assert state.failures == 1, "the back-off was not kept to"
    assert len(place.told()) == 2
    assert await place.served() == before
    items = {item.id for item in place.desk.jobs.last.checks} if place.desk.jobs.last else set()
    assert "dns:live.example.com" in items, "nobody looked why"


async def test_a_ca_that_wants_to_be_left_alone_for_a_week_is_left_alone(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await serve_from_ca(place, days_left=20)
    asked = 0
    week = Problem(key="rate_limited", message="no", help="wait", retry_ms=now_ms() + 7 * DAY_MS)

    async def refuse(*_: object) -> None:
        nonlocal asked
        asked += 1
        raise CaFailed(week, reached_ca=True)

    monkeypatch.setattr(place.desk.certbot, "issue", refuse)
    await place.renewal.look()
    state = place.desk.state
    assert state.next_at_ms is not None
    assert 0.9 * DAY_MS < state.next_at_ms - now_ms() <= DAY_MS
    with pytest.raises(RateLimited) as waits:
        await place.renewal.renew(force=True)
    assert waits.value.retry_after_s > 6 * 86400
    assert asked == 1


async def test_the_last_days_are_counted_down_once_each(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.desk.state.auto_renew = False
    facts = await serve_from_ca(place, 15)
    for days_left in (15, 14, 13.5, 13, 6.9, 5, 2.5, 0.9, 0.5, -0.5, -2):
        at_ms = facts.not_after_ms - int(days_left * DAY_MS)
        monkeypatch.setattr("streamstead.mgmt.https.renewal.now_ms", lambda at=at_ms: at)
        await place.renewal.look()
    told = [one for one in place.house.events.after(0) if one["type"] == "certificate.expiring"]
    assert [one["data"]["days_left"] for one in told] == [14, 6, 2, 0, -1]
    assert [one["id"].rpartition(":")[2] for one in told] == ["14", "7", "3", "1", "0"]


async def test_our_own_certificate_is_made_anew_before_it_ends(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await place.served()
    await place.renewal.look()
    assert await place.served() == before
    assert place.desk.state.next_at_ms is not None
    place.desk.state.next_at_ms = None
    later = place.desk.about().facts.not_after_ms - 20 * DAY_MS
    monkeypatch.setattr("streamstead.mgmt.https.renewal.now_ms", lambda: later)
    await place.renewal.look()
    assert await place.served() == place.desk.about().facts.fingerprint != before
    assert place.desk.about().provider is Provider.SELF


async def test_an_uploaded_one_is_never_renewed_by_us(place: Place) -> None:
    await upload(place, *self_signed(("live.example.org",)))
    with pytest.raises(Conflict) as refused:
        await place.renewal.renew(force=True)
    assert refused.value.key == "certificate_uploaded"
    assert await place.renewal.renew(force=False) == (
        False,
        "not due yet: the certificate is good for 819 days",
    )


async def test_a_machine_of_a_panel_is_left_alone(
    open_place: Callable[[Settings], Any], settings: Settings
) -> None:
    managed = settings.model_copy(update={"https_managed": True})
    place = await open_place(managed)
    for refused in (
        upload(place, *self_signed(("live.example.org",))),
        place.request("live.example.org"),
        place.renewal.renew(force=True),
        place.desk.self_signed(),
        place.desk.rollback(),
    ):
        with pytest.raises(HttpsManaged) as told:
            await refused
        assert (told.value.code, told.value.status) == (3001, 409)
    assert show(place.desk)["managed"]


async def test_two_changes_at_a_time_are_refused_and_a_caller_may_leave(place: Place) -> None:
    first = asyncio.create_task(upload(place, *self_signed(("one.example.org",))))
    await asyncio.sleep(0)
    with pytest.raises(Conflict) as refused:
        await upload(place, *self_signed(("two.example.org",)))
    assert refused.value.key == "https_busy"
    first.cancel()
    async with asyncio.timeout(30):
        while show(place.desk)["job"]["state"] == "running":  # noqa: ASYNC110 - no event for it
            await asyncio.sleep(0.02)
    assert place.desk.about().facts.domains == ("one.example.org",)


async def test_state_survives_and_is_for_root_alone(place: Place) -> None:
    place.desk.update(WantSettings(email="owner@example.org", auto_renew=False))
    path = place.house.folder / "https.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = type(place.desk)(place.house)
    assert (again.state.email, again.state.auto_renew) == ("owner@example.org", False)

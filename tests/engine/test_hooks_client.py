"""Asking fails closed; telling keeps its order and is repeated only when nobody heard it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from streamstead.engine import hooks_client
from streamstead.engine.boot import Boot
from streamstead.engine.callbacks import Action, callback_body
from streamstead.engine.clients import Client, ClientTable, Kind, Phase
from streamstead.engine.hooks_client import HooksClient, accepted
from streamstead.engine.http_client import Reply
from streamstead.engine.journal import Journal
from streamstead.engine.nginx import NETCALL_TIMEOUT_S

OK = Reply(200, b'{"code":0}')
BOOT = Boot("vid-1", "n", "c", "i", boot_id="b00t")


def client(cid: int = 1) -> Client:
    return Client(
        id=f"b00t-{cid}",
        kind=Kind.PUBLISH,
        app="live",
        stream="s",
        ip="192.0.2.1",
        tc_url="rtmp://h/live",
        param="?secret=x",
        cid=cid,
    )


class Post:
    """Answers what ``reply`` gives or raises; keeps the bodies."""

    def __init__(self, reply: Callable[[], Reply]) -> None:
        self.reply = reply
        self.bodies: list[dict[str, object]] = []
        self.targets: list[str] = []

    async def __call__(self, target: str, body: bytes, timeout_s: float) -> Reply:
        self.targets.append(target)
        self.bodies.append(orjson.loads(body))
        await asyncio.sleep(0)
        return self.reply()


@pytest.mark.parametrize("body", [b"0", b'{"code":0}', b'{"code":0,"data":{"urls":[]}}', b" 0 "])
@pytest.mark.parametrize("status", [200, 201])
def test_what_srs_takes_for_a_yes(status: int, body: bytes) -> None:
    assert accepted(Reply(status, body))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b""),
        Reply(200, b"1"),
        Reply(200, b'{"code":1}'),
        Reply(200, b"{}"),
        Reply(200, b"ok"),
        Reply(200, b"false"),
        Reply(200, b'{"code":false}'),
        Reply(200, b'{"code":"0"}'),
        Reply(200, b"[]"),
        Reply(204, b"0"),
        Reply(302, b'{"code":0}'),
        Reply(403, b'{"code":0}'),
        Reply(500, b"0"),
    ],
)
async def test_everything_else_is_a_no(reply: Reply) -> None:
    assert not await HooksClient(Post(lambda: reply), "h", BOOT).ask(Action.PUBLISH, client())


@pytest.mark.parametrize("error", [ConnectionRefusedError(), TimeoutError(), OSError()])
async def test_a_control_plane_that_does_not_answer_is_a_no(error: Exception) -> None:
    def fail() -> Reply:
        raise error

    assert not await HooksClient(Post(fail), "h", BOOT).ask(Action.PUBLISH, client())


async def test_a_control_plane_that_hangs_is_a_no_before_nginx_loses_patience(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # on_connect and on_publish are asked one after the other within one call of nginx.
    assert 2 * hooks_client.ASK_TIMEOUT_S < NETCALL_TIMEOUT_S
    monkeypatch.setattr(hooks_client, "ASK_TIMEOUT_S", 0.02)

    async def hang(target: str, body: bytes, timeout_s: float) -> Reply:
        await asyncio.sleep(30)
        return OK

    hooks = HooksClient(hang, "h", BOOT)
    answers = await asyncio.gather(*(hooks.ask(Action.PLAY, client(n)) for n in range(200)))
    assert not any(answers)


async def test_a_question_carries_the_secret_and_srs_fields() -> None:
    post = Post(lambda: OK)
    assert await HooksClient(post, "h00k", BOOT).ask(Action.PUBLISH, client())
    assert post.targets == ["/terraform/v1/hooks/srs/verify?hook=h00k"]
    assert post.bodies == [
        {
            "server_id": "vid-1",
            "service_id": "b00t",
            "action": "on_publish",
            "client_id": "b00t-1",
            "ip": "192.0.2.1",
            "vhost": "__defaultVhost__",
            "app": "live",
            "tcUrl": "rtmp://h/live",
            "stream": "s",
            "param": "?secret=x",
            "stream_url": "/live/s",
            "stream_id": post.bodies[0]["stream_id"],
        }
    ]


def test_every_action_has_the_fields_that_srs_sends() -> None:
    common = {"server_id", "service_id", "action", "client_id", "ip", "vhost", "app"}
    media = {"tcUrl", "stream", "param"}
    ids = {"stream_url", "stream_id"}
    wanted = {
        Action.CONNECT: common | media | {"pageUrl"},
        Action.PUBLISH: common | media | ids,
        Action.UNPUBLISH: common | media | ids,
        Action.PLAY: common | media | ids | {"pageUrl"},
        Action.STOP: common | media | ids,
        Action.DVR: common | media | ids,
        Action.CLOSE: common | {"send_bytes", "recv_bytes"},
    }
    for action, fields in wanted.items():
        assert set(callback_body(action, client(), BOOT)) == fields


async def test_what_is_told_of_one_client_stays_in_order() -> None:
    post = Post(lambda: OK)
    hooks = HooksClient(post, "h", BOOT)
    for number in range(5):
        hooks.tell(Action.HLS, client(), seq_no=number)
    hooks.tell(Action.UNPUBLISH, client())
    hooks.tell(Action.CLOSE, client())
    await hooks.drain(30)
    assert [b["action"] for b in post.bodies] == ["on_hls"] * 5 + ["on_unpublish", "on_close"]
    assert [b["seq_no"] for b in post.bodies[:5]] == list(range(5))
    assert post.targets[0] == "/terraform/v1/hooks/srs/hls?hook=h"


async def test_a_slow_answer_about_one_client_does_not_delay_another() -> None:
    gate = asyncio.Event()
    done: list[str] = []

    async def post(target: str, body: bytes, timeout_s: float) -> Reply:
        who = orjson.loads(body)["client_id"]
        if who == "b00t-1":
            await gate.wait()
        done.append(who)
        return OK

    hooks = HooksClient(post, "h", BOOT)
    hooks.tell(Action.CLOSE, client(1))
    hooks.tell(Action.CLOSE, client(2))
    await hooks.told(client(2), 30)
    assert done == ["b00t-2"]
    gate.set()
    await hooks.drain(30)
    assert done == ["b00t-2", "b00t-1"]


async def test_what_nobody_heard_is_told_again_when_the_control_plane_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hooks_client, "REFUSED_PAUSE_S", 0.001)
    left = [ConnectionRefusedError()] * 3

    def reply() -> Reply:
        if left:
            raise left.pop()
        return OK

    post = Post(reply)
    hooks = HooksClient(post, "h", BOOT)
    hooks.tell(Action.UNPUBLISH, client())
    await hooks.drain(30)
    assert len(post.bodies) == 4


async def test_what_was_heard_and_refused_is_not_repeated() -> None:
    post = Post(lambda: Reply(500, b""))
    hooks = HooksClient(post, "h", BOOT)
    hooks.tell(Action.UNPUBLISH, client())
    await hooks.drain(30)
    assert len(post.bodies) == 1


async def test_a_full_queue_drops_segments_and_never_the_end() -> None:
    gate = asyncio.Event()

    async def post(target: str, body: bytes, timeout_s: float) -> Reply:
        await gate.wait()
        bodies.append(orjson.loads(body)["action"])
        return OK

    bodies: list[str] = []
    hooks = HooksClient(post, "h", BOOT)
    for number in range(hooks_client.MAX_WAITING + 50):
        hooks.tell(Action.HLS, client(), seq_no=number)
    hooks.tell(Action.UNPUBLISH, client())
    gate.set()
    await hooks.drain(30)
    assert len(bodies) <= hooks_client.MAX_WAITING + 1
    assert bodies[-1] == "on_unpublish"


def test_the_journal_gives_back_who_was_let_in_and_what_was_announced(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    table = ClientTable(BOOT, journal)
    for cid in (1, 2, 3):
        one = client(cid)
        journal.add(one)
    journal.remove("b00t-2")
    journal.announced("live", "s", "s-1.ts")
    journal.announced("live", "s", "s-2.ts")
    journal.close()
    with path.open("ab") as file:
        file.write(b'{"end": "b00t-')  # killed in the middle of a line
    again = Journal(path)
    assert again.remembered.segments == {("live", "s"): "s-2.ts"}
    table = ClientTable(BOOT, again)
    table.adopt()
    assert {c.id for c in table} == {"b00t-1", "b00t-3"}
    first = table.get("b00t-1")
    assert first is not None
    assert (first.kind, first.phase, first.param) == (Kind.PUBLISH, Phase.ASKING, "?secret=x")
    again.close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_journal_does_not_grow_for_ever(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    for number in range(12000):
        journal.announced("live", "s", f"s-{number}.ts")
    journal.close()
    assert len((tmp_path / "journal").read_bytes().splitlines()) < 5001
    again = Journal(tmp_path / "journal")
    assert again.remembered.segments == {("live", "s"): "s-11999.ts"}
    again.close()

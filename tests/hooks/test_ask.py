"""Asking the owner's servers who may publish and who may watch: yes, no, no answer, bad servers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from streamstead.core.errors import PlayRefused, Refused
from streamstead.core.hook_queue import DeliveryState, HookDelivery, HookQueue
from streamstead.core.hook_targets import Fallback, HookTarget, HookTargetStore, new_target_id
from streamstead.core.outbound import Outbound, signature
from streamstead.core.play_rules import PlayKind, PlayRule
from streamstead.core.registry import Kind, Protocol, Session
from streamstead.core.sealed import PLAY_RULE, Sealer
from streamstead.hooks.ask import LANES, LIMIT_S, WebhookAsker
from streamstead.hooks.gate import PlayRequest

from ..conftest import RedisServer, free_port
from ..web_servers import (
    WAIT_S,
    Answer,
    Flood,
    WebServer,
    drips,
    endless_head,
    garbage,
    hangs,
    resets,
    says,
    web_server,
)
from .conftest import MASTER_KEY, SECRET, House

pytestmark = pytest.mark.integration

SESSION = Session(
    client_id="p1",
    kind=Kind.PUBLISH,
    protocol=Protocol.RTMP,
    vhost="__defaultVhost__",
    app="live",
    stream="cam",
    url="live/cam",
    ip="203.0.113.7",
    since_ms=1,
    param="?secret=***&token=***",
)
PARAM = "?secret=abc123&token=theirs&x=%20y"

YES = [says(200), says(204), says(200, b"0"), says(200, b" 0\n"), says(200, b'{"code":0,"x":1}')]
NO = [
    says(200, b'{"code":1}'),
    says(200, b"1"),
    says(200, b'{"code":-5}'),
    says(401),
    says(403, b'{"code":0}'),
]
NO_ANSWER = [
    says(500),
    says(404, b"0"),
    says(200, b"<html>Welcome</html>"),
    says(200, b'{"code":"0"}'),
    says(200, b'{"code":false}'),
    says(200, b"{}"),
    says(200, b"null"),
    says(302, b"0", "Location: http://127.0.0.1/"),
    Flood(),
    resets,
    garbage,
    endless_head,
]


class Servers:
    """The asker and the store behind it."""

    def __init__(self, redis: Redis, house: House, limit_s: float = 2 * WAIT_S) -> None:
        self.targets, self.queue = HookTargetStore(redis, MASTER_KEY), HookQueue(redis)
        self.sealer = Sealer(MASTER_KEY, PLAY_RULE)
        self.asker = WebhookAsker(
            self.targets, self.queue, Outbound(), self.sealer, house.now, limit_s
        )

    async def target(self, url: str, **changes: Any) -> tuple[HookTarget, str]:
        made = HookTarget(
            id=new_target_id(),
            label="CRM",
            url=url,
            types=("stream.published",),
            created_ms=1,
            allow_private=True,
            blocking=True,
        )
        made = replace(made, **changes)
        return made, await self.targets.create(made)

    async def log(self, target: HookTarget) -> list[HookDelivery]:
        return await self.queue.log([target.id], None, 100)


@pytest.fixture
def servers(redis: Redis, house: House) -> Servers:
    return Servers(redis, house)


@pytest.fixture
def hasty(redis: Redis, house: House) -> Servers:
    """The same with a limit that a test can wait for."""
    return Servers(redis, house, 1.0)


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    async with web_server(says(200)) as running:
        yield running


async def test_a_blocking_target_is_asked_with_everything_but_our_secret(
    servers: Servers, server: WebServer
) -> None:
    target, secret = await servers.target(server.url, opaque="o")
    await servers.asker.may_publish(SESSION, PARAM)
    [got] = server.got
    body = got.json
    [asked] = await servers.log(target)
    assert {key: body[key] for key in body if key not in ("id", "at_ms", "request_id")} == {
        "type": "publish.asked",
        "url": "live/cam",
        "action": "on_publish",
        "opaque": "o",
        "vhost": "__defaultVhost__",
        "app": "live",
        "stream": "cam",
        "param": "?token=theirs&x=+y",
        "client_id": "p1",
        "protocol": "rtmp",
        "ip": "203.0.113.7",
        "user_agent": "",
    }
    assert b"abc123" not in got.body
    at_s = int(got.headers["streamstead-signature"].split(",")[0].removeprefix("t="))
    assert got.headers["streamstead-signature"] == signature(secret, at_s, got.body)
    assert got.headers["streamstead-delivery"] == asked.id == body["request_id"]
    assert (asked.state, asked.type, asked.status) == (
        DeliveryState.DELIVERED,
        "publish.asked",
        200,
    )


@pytest.mark.parametrize("answer", YES)
async def test_a_yes_lets_in(servers: Servers, server: WebServer, answer: Answer) -> None:
    server.answer = answer
    await servers.target(server.url)
    await servers.asker.may_publish(SESSION, PARAM)


@pytest.mark.parametrize("answer", NO)
@pytest.mark.parametrize("fallback", list(Fallback))
async def test_a_no_refuses_whatever_the_fallback(
    servers: Servers, server: WebServer, answer: Answer, fallback: Fallback
) -> None:
    server.answer = answer
    target, _ = await servers.target(server.url, fallback=fallback)
    with pytest.raises(Refused) as refused:
        await servers.asker.may_publish(SESSION, PARAM)
    assert refused.value.key == "webhook_refused"
    [asked] = await servers.log(target)
    assert asked.state is DeliveryState.FAILED
    assert asked.error
    health = (await servers.queue.health([target.id]))[target.id]
    assert health.last_error is None, "saying no is what it is there for"


@pytest.mark.parametrize("answer", NO_ANSWER)
async def test_without_an_answer_the_fallback_counts(
    servers: Servers, server: WebServer, answer: Answer
) -> None:
    server.answer = answer
    target, _ = await servers.target(server.url, fallback=Fallback.ACCEPT)
    await servers.asker.may_publish(SESSION, PARAM)
    await servers.targets.change(target.id, lambda it: replace(it, fallback=Fallback.REFUSE))
    with pytest.raises(Refused) as refused:
        await servers.asker.may_publish(SESSION, PARAM)
    assert refused.value.key == "webhook_failed"
    log = await servers.log(target)
    assert [one.state for one in log] == [DeliveryState.FAILED] * 2
    health = (await servers.queue.health([target.id]))[target.id]
    assert health.last_error == log[0].error


@pytest.mark.parametrize("answer", [hangs, drips])
async def test_the_limit_is_for_all_targets_together(hasty: Servers, answer: Answer) -> None:
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        for _ in range(16):
            server = await stack.enter_async_context(web_server(answer))
            await hasty.target(server.url, fallback=Fallback.ACCEPT)
        begun = loop.time()
        await hasty.asker.may_publish(SESSION, PARAM)
        # One after the other would take 16 times the limit, however fast the machine is.
        assert loop.time() - begun < 16.0


def test_nobody_waits_longer_than_three_seconds() -> None:
    assert LIMIT_S == 3.0


async def test_the_first_no_is_enough(servers: Servers, server: WebServer) -> None:
    async with web_server(hangs) as slow:
        await servers.target(slow.url)
        server.answer = says(200, b"1")
        await servers.target(server.url)
        with pytest.raises(Refused) as refused:
            await servers.asker.may_publish(SESSION, PARAM)
    assert refused.value.key == "webhook_refused"


async def test_all_must_agree(servers: Servers, server: WebServer) -> None:
    await servers.target(server.url)
    async with web_server(says(200, b"1")) as other:
        await servers.target(other.url)
        with pytest.raises(Refused):
            await servers.asker.may_publish(SESSION, PARAM)


async def test_only_enabled_blocking_targets_that_want_publishing_are_asked(
    servers: Servers, server: WebServer
) -> None:
    await servers.target(server.url, blocking=False)
    await servers.target(server.url, enabled=False)
    await servers.target(server.url, types=("viewer.joined",))
    await servers.asker.may_publish(SESSION, PARAM)
    assert server.got == []


async def test_a_private_address_is_not_asked_unless_allowed(
    servers: Servers, server: WebServer
) -> None:
    await servers.target(server.url, allow_private=False)
    with pytest.raises(Refused) as refused:
        await servers.asker.may_publish(SESSION, PARAM)
    assert refused.value.key == "webhook_failed"
    assert server.connections == 0


def rule(servers: Servers, url: str, **changes: Any) -> PlayRule:
    made = PlayRule(
        kind=PlayKind.WEBHOOK,
        generation=1,
        webhook_url=url,
        webhook_secret=servers.sealer.seal("rule-secret"),
        allow_private=True,
    )
    return replace(made, **changes)


REQUEST = PlayRequest(
    app="live",
    stream="cam",
    protocol=Protocol.HLS,
    ip="198.51.100.4",
    user_agent="VLC",
    pass_token="ticket",
    query="pass=ticket&user=7&grant=ours",
)


async def test_a_play_webhook_gets_the_viewers_own_query_and_our_signature(
    servers: Servers, server: WebServer
) -> None:
    await servers.asker.may_play(rule(servers, server.url), REQUEST)
    [got] = server.got
    body = got.json
    assert {key: body[key] for key in body if key not in ("id", "at_ms", "request_id")} == {
        "type": "play.asked",
        "url": "live/cam",
        "action": "on_play",
        "opaque": "",
        "vhost": "__defaultVhost__",
        "app": "live",
        "stream": "cam",
        "param": "pass=ticket&user=7",
        "client_id": "",
        "protocol": "hls",
        "ip": "198.51.100.4",
        "user_agent": "VLC",
    }
    at_s = int(got.headers["streamstead-signature"].split(",")[0].removeprefix("t="))
    assert got.headers["streamstead-signature"] == signature("rule-secret", at_s, got.body)


async def test_a_play_webhook_without_a_secret_gets_no_signature(
    servers: Servers, server: WebServer
) -> None:
    await servers.asker.may_play(rule(servers, server.url, webhook_secret=""), REQUEST)
    assert "streamstead-signature" not in server.got[0].headers


@pytest.mark.parametrize("answer", YES)
async def test_a_yes_lets_a_viewer_in(servers: Servers, server: WebServer, answer: Answer) -> None:
    server.answer = answer
    await servers.asker.may_play(rule(servers, server.url), REQUEST)


@pytest.mark.parametrize(
    ("answer", "key"),
    [(answer, "webhook_refused") for answer in NO]
    + [(answer, "webhook_failed") for answer in NO_ANSWER],
)
async def test_anything_else_keeps_a_viewer_out(
    servers: Servers, server: WebServer, answer: Answer, key: str
) -> None:
    server.answer = answer
    with pytest.raises(PlayRefused) as refused:
        await servers.asker.may_play(rule(servers, server.url), REQUEST)
    assert refused.value.key == key


@pytest.mark.parametrize("answer", [hangs, drips])
async def test_too_late_keeps_a_viewer_out(
    hasty: Servers, server: WebServer, answer: Answer
) -> None:
    server.answer = answer
    with pytest.raises(PlayRefused) as refused:
        await hasty.asker.may_play(rule(hasty, server.url), REQUEST)
    assert refused.value.key == "webhook_failed"


@pytest.mark.parametrize("change", ["address", "private", "secret", "closed"])
async def test_a_rule_that_cannot_work_keeps_viewers_out(
    servers: Servers, server: WebServer, change: str
) -> None:
    broken = {
        "address": rule(servers, ""),
        "private": rule(servers, server.url, allow_private=False),
        "secret": rule(servers, server.url, webhook_secret="not sealed by us"),
        "closed": rule(servers, f"http://127.0.0.1:{free_port()}/"),
    }[change]
    with pytest.raises(PlayRefused) as refused:
        await servers.asker.may_play(broken, REQUEST)
    assert refused.value.key == "webhook_failed"
    assert server.got == []


async def test_a_server_that_hangs_holds_few_connections_and_nobody_else_up(
    servers: Servers, server: WebServer
) -> None:
    async with web_server(hangs) as slow:
        crowd = [
            asyncio.create_task(servers.asker.may_play(rule(servers, slow.url), REQUEST))
            for _ in range(5 * LANES)
        ]
        await slow.wait_for(LANES)
        await servers.asker.may_play(rule(servers, server.url), REQUEST)
        assert slow.connections == LANES
        for one in crowd:
            one.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)


async def test_a_crowd_at_a_good_server_is_let_in_in_turn(
    servers: Servers, server: WebServer
) -> None:
    asked = rule(servers, server.url)
    await asyncio.gather(*(servers.asker.may_play(asked, REQUEST) for _ in range(3 * LANES)))
    assert len(server.got) == 3 * LANES


async def test_an_answer_counts_although_the_log_cannot_be_written(
    servers: Servers, server: WebServer, redis_process: RedisServer
) -> None:
    async def answer_without_redis(writer: asyncio.StreamWriter) -> None:
        redis_process.kill()
        await says(200)(writer)

    server.answer = answer_without_redis
    await servers.target(server.url)
    await servers.asker.may_publish(SESSION, PARAM)


async def test_the_gate_lets_a_publisher_in_only_when_its_owner_agrees(
    servers: Servers,
    server: WebServer,
    house: House,
    publish: Callable[..., Awaitable[httpx.Response]],
) -> None:
    house.gate._asker = servers.asker
    assert (await publish("p1", stream="free")).status_code == 200
    target, _ = await servers.target(server.url)
    server.answer = says(200, b'{"code":1}')
    refused = await publish("p2", param=f"?secret={SECRET}&token=t")
    assert (refused.status_code, refused.json()["data"]["key"]) == (401, "webhook_refused")
    assert "live/cam" not in await house.registry.publishers()
    server.answer = says(200, b'{"code":0}')
    assert (await publish("p3", param=f"?secret={SECRET}&token=t")).status_code == 200
    assert (await house.registry.publishers())["live/cam"].client_id == "p3"
    assert {got.json["param"] for got in server.got} == {"?token=t"}
    wrong = await publish("p4", stream="other", param="?secret=wrong")
    assert wrong.json()["data"]["key"] == "wrong_secret"
    assert len(server.got) == 2, "nobody is asked about who has no right key"
    await servers.targets.remove(target.id)
    assert (await publish("p5", stream="other")).status_code == 200
    assert len(server.got) == 2

"""Servers that do not take a stream: each is told apart, and in words."""

import asyncio
import ssl
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from streamstead.core.house_grant import HouseGrants, Way
from streamstead.ffmpeg_forward.relay.connection import State
from streamstead.ffmpeg_forward.relay.limits import Limits
from streamstead.ffmpeg_forward.relay.opening import Network
from streamstead.ffmpeg_forward.relay.problems import Step
from streamstead.ffmpeg_forward.relay.tls import Trust

from ...conftest import free_port
from ..bad_links import bad_link
from ..conftest import until
from ..sinks import Authority, RtmpSink, rtmp_sink, tls_front
from .conftest import QUICK, STEADY, Show, said, sent, until_problem, until_state

pytestmark = pytest.mark.integration


async def test_a_key_that_a_callback_refuses_is_wrong_and_shown_nowhere(
    sink: RtmpSink, show: Show
) -> None:
    sink.allow = lambda session: session.stream != "denied-1234"
    url = sink.url("denied-1234?auth=hidden")
    async with sent(show, url, secrets=("denied-1234?auth=hidden",)) as it:
        await until_problem(it, "output_wrong_key")
        assert "denied-1234" not in said(it)
        assert "hidden" not in said(it)
    assert "denied-1234" not in repr(it.config)


async def test_an_unknown_app_is_refused(sink: RtmpSink, show: Show) -> None:
    async with sent(show, sink.url("any", "nowhere")) as it:
        await until_problem(it, "output_refused")


async def test_a_key_in_use_is_busy_until_the_other_one_has_gone(
    sink: RtmpSink, show: Show
) -> None:
    async with AsyncExitStack() as stack:
        async with sent(show, sink.url("shared")) as first:
            await until_state(first, State.LIVE)
            second = await stack.enter_async_context(sent(show, sink.url("shared")))
            await until_problem(second, "output_busy")
        await until_state(second, State.LIVE)
        assert second.status().problem is None


async def test_a_closed_port_is_refused(show: Show) -> None:
    async with sent(show, f"rtmp://127.0.0.1:{free_port()}/live/x") as it:
        await until_problem(it, "output_refused")


async def test_a_name_that_nobody_knows_is_a_matter_of_dns(show: Show) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        raise OSError("unknown")

    url = "rtmp://nobody.example/live/x"
    async with sent(show, url, network=Network(resolve=resolve)) as it:
        await until_problem(it, "output_dns")


async def test_a_name_server_that_hangs_costs_only_its_time(show: Show) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        await asyncio.sleep(3600)
        return []

    limits = replace(QUICK, dns_s=0.1)
    url = "rtmp://slow.example/live/x"
    async with sent(show, url, network=Network(resolve=resolve), limits=limits) as it:
        await until_problem(it, "output_timeout")


@pytest.mark.parametrize(
    "url",
    [
        "rtmp://169.254.169.254/live/x",
        "rtmps://[fe80::1]/live/x",
        "srt://169.254.169.254:9000",
        "rtmp://me:password@169.254.169.254/live/x",
    ],
)
async def test_link_local_addresses_are_never_connected_to(url: str, show: Show) -> None:
    async with sent(show, url) as it:
        await until_state(it, State.FAILED)
        problem = it.status().problem
        assert problem is not None
        assert problem.key == "output_forbidden_address"


async def test_nor_is_a_name_that_leads_to_one(show: Show) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["169.254.169.254"]

    url = "rtmp://sly.example/live/x"
    async with sent(show, url, network=Network(resolve=resolve)) as it:
        await until_state(it, State.FAILED)


async def test_the_stream_that_is_sent_is_not_sent_to_itself(sink: RtmpSink, show: Show) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    ways = {
        "local:live/me": None,
        f"rtmp://127.0.0.1:{sink.port}/live/me?secret=x": None,
        f"rtmp://me.example:{sink.port}/live/me": Network(resolve=resolve),
        f"rtmp://me:password@me.example:{sink.port}/live/me": Network(resolve=resolve),
    }
    for url, network in ways.items():
        own = {"rtmp_port": sink.port, "reads": lambda: ["live/me"], "network": network}
        async with sent(show, url, **own) as it:
            await until_state(it, State.FAILED)
            problem = it.status().problem
            assert problem is not None
            assert problem.key == "output_loop"
    assert sink.sessions("me") == []


async def test_our_own_server_is_published_to_by_a_grant(sink: RtmpSink, show: Show) -> None:
    grants = HouseGrants(b"k" * 32)
    more = {"rtmp_port": sink.port, "grants": grants, "reads": lambda: ["live/other"]}
    async with sent(show, "local:live/mine", **more) as it:
        await until_state(it, State.LIVE)
        assert "house." not in said(it)
    grant = sink.sessions("mine")[0].args.removeprefix("grant=")
    assert grants.accepts(Way.PUBLISH, "live/mine", grant, it.status().since_ms)


@pytest.mark.parametrize(
    "url",
    [
        "rtmp://127.0.0.1/",
        "rtmp://127.0.0.1",
        "http://x/y/z",
        "rtmp:",
        "rtmp://[::1/live/x",
        "srt://[::1:9000",
        "srt://127.0.0.1",
        "srt://127.0.0.1:99999",
    ],
)
async def test_an_address_that_is_none_is_not_tried_again(url: str, show: Show) -> None:
    async with sent(show, url) as it:
        await until_state(it, State.FAILED)
        problem = it.status().problem
        assert problem is not None
        assert problem.key == "output_bad_address"


async def test_a_server_that_takes_connections_and_stays_silent(show: Show) -> None:
    steps: list[Step] = []
    limits = replace(QUICK, handshake_s=0.3)
    with bad_link() as hole:
        async with sent(show, hole.url(), limits=limits, said=steps.append) as it:
            await until_problem(it, "output_timeout")
    assert steps[:3] == [Step.DNS, Step.CONNECT, Step.HANDSHAKE]


async def test_a_server_that_thinks_too_long_about_a_key(show: Show) -> None:
    limits = replace(QUICK, publish_s=0.2)
    with rtmp_sink(allow_s=1.0) as slow:
        async with sent(show, slow.url(), limits=limits) as it:
            await until_problem(it, "output_timeout")


ANSWERS = {
    "http": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "nothing": b"",
    "old rtmp": b"\x06" + bytes(4096),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
async def test_a_server_of_something_else_is_no_rtmp(answer: bytes, show: Show) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with sent(show, f"rtmp://127.0.0.1:{port}/live/x") as it:
            await until_problem(it, "output_not_rtmp")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusting(authority: Authority) -> Network:
    """Knows the authority of the tests."""
    return Network(trust=Trust(lambda: ssl.create_default_context(cafile=authority.file)))


async def refused_by_tls(
    show: Show, url: str, network: Network, why: str, limits: Limits = QUICK
) -> None:
    async with sent(show, url, network=network, limits=limits) as it:
        await until_problem(it, "output_tls")
        problem = it.status().problem
        assert problem is not None
        assert why in problem.message


async def test_an_expired_certificate(
    sink: RtmpSink, authority: Authority, trusting: Network, show: Show
) -> None:
    with tls_front(sink.root, authority.issue("127.0.0.1", expired=True), sink.port) as front:
        await refused_by_tls(show, front.url(), trusting, "has expired")


async def test_a_certificate_of_another_name_or_of_nobody_known(
    sink: RtmpSink, authority: Authority, trusting: Network, show: Show
) -> None:
    with tls_front(sink.root, authority.issue("other.example"), sink.port) as front:
        await refused_by_tls(show, front.url(), trusting, "not made out to 127.0.0.1")
        await refused_by_tls(show, front.url(host="localhost"), trusting, "not made out to loc")
        await refused_by_tls(show, front.url(), Network(), "vouches")


async def test_tls_to_a_port_without_it_and_none_to_a_port_with_it(
    sink: RtmpSink, authority: Authority, trusting: Network, show: Show
) -> None:
    url, limits = sink.url().replace("rtmp:", "rtmps:"), replace(QUICK, tls_s=0.5)
    await refused_by_tls(show, url, trusting, "does not answer to TLS", limits)
    with tls_front(sink.root, authority.issue("127.0.0.1"), sink.port) as front:
        async with sent(show, front.url().replace("rtmps:", "rtmp:")) as it:
            await until_problem(it, "output_not_rtmp")


async def test_a_refused_key_is_tried_ever_more_seldom_and_disturbs_nobody(
    sink: RtmpSink, show: Show
) -> None:
    sink.allow = lambda session: session.stream != "denied"
    async with (
        sent(show, sink.url("good"), limits=STEADY) as good,
        sent(show, sink.url("denied")) as bad,
    ):
        await until_state(good, State.LIVE)
        await until(lambda: bad.status().attempts >= 4)
        assert good.status().state is State.LIVE
        assert (good.status().drops, good.status().attempts) == (0, 0)
        delays = bad._backoff.delays  # type: ignore[attr-defined]
    assert len(sink.sessions("good")) == 1
    assert delays[3] > 4 * delays[0]

"""What really arrives at mail servers, ntfy and webhooks, and where nothing may ever arrive."""

import asyncio
import email
import time
from collections.abc import Mapping
from email.message import Message as Mail

import psutil
import pytest

from streamstead.core.errors import Invalid, StreamsteadError
from streamstead.core.outbound import Outbound, signature
from streamstead.platform.alerts.deliver import Courier
from streamstead.platform.alerts.messages import Letter, Message, letter
from streamstead.platform.alerts.models import NotifyKind
from streamstead.platform.alerts.notify_kinds import (
    KINDS,
    OTHER_SCHEMES,
    cleaned,
    hint,
    secrets_of,
    shown,
)

from ...conftest import free_port
from .sinks import HttpSink, MailSink, Silence, listening

HOUSE = "tower"
ALERT = Message(
    alert="service_down:hooks",
    rule="service_down",
    subject="hooks",
    level="critical",
    over=False,
    text="hooks does not run: it ended (status 1) ü",
    help="Its log says why.",
    since_ms=1_700_000_000_000,
    at_ms=1_700_000_010_000,
)
LETTER = letter([ALERT], HOUSE)


async def send(
    kind: NotifyKind, fields: Mapping[str, str], what: Letter = LETTER, timeout_s: float = 20
) -> tuple[bool, str]:
    courier = Courier(Outbound(), timeout_s)
    return await courier(kind, cleaned(kind, fields), what, HOUSE)


def mail_fields(port: int) -> dict[str, str]:
    return {
        "host": "127.0.0.1",
        "port": str(port),
        "security": "none",
        "from": "alerts@example.com",
        "to": "ann@example.com, bob@example.com",
        "allow_private": "yes",
    }


async def test_a_mail_arrives_with_all_its_words() -> None:
    async with listening(MailSink(), free_port()) as sink:
        assert await send("email", mail_fields(sink.port)) == (True, "")
    mails: list[Mail] = [email.message_from_string(raw) for raw in sink.mails]
    assert {mail["To"] for mail in mails} == {"ann@example.com", "bob@example.com"}
    for mail in mails:
        assert "alerts@example.com" in mail["From"]
        payload = mail.get_payload(decode=True)
        assert isinstance(payload, bytes)
        assert "hooks does not run: it ended (status 1) ü" in payload.decode()


async def test_the_answer_of_a_mail_server_that_refuses_is_told() -> None:
    async with listening(MailSink(refuse="550 no such user here"), free_port()) as sink:
        ok, why = await send("email", mail_fields(sink.port) | {"to": "ann@example.com"})
    assert not ok
    assert "550" in why or "no such user" in why, why


async def test_ntfy_gets_the_topic_and_the_token_and_no_answer_names_the_token() -> None:
    fields = {"topic": "tower", "token": "tk_secret0123456789", "allow_private": "yes"}
    async with listening(HttpSink(), free_port()) as sink:
        fields["server"] = f"http://127.0.0.1:{sink.port}"
        assert await send("ntfy", fields) == (True, "")
        sink.status = 403
        ok, why = await send("ntfy", fields)
    assert (ok, "403" in why or "orbidden" in why) == (False, True), why
    assert "tk_secret" not in why
    [(_, headers, _), _] = sink.posts
    assert headers["authorization"] == "Bearer tk_secret0123456789"
    assert sink.said()[0]["topic"] == "tower"
    assert "hooks does not run" in sink.said()[0]["title"]


async def test_a_webhook_gets_signed_facts() -> None:
    async with listening(HttpSink(), free_port()) as sink:
        url = f"http://127.0.0.1:{sink.port}/in?x=1"
        fields = {"url": url, "secret": "s3cret", "allow_private": "yes"}
        assert await send("webhook", fields) == (True, "")
        sink.status = 500
        assert await send("webhook", fields) == (False, "answered with status 500")
    path, headers, body = sink.posts[0]
    assert path == "/in?x=1"
    at_s = int(headers["streamstead-signature"][2:].split(",")[0])
    assert headers["streamstead-signature"] == signature("s3cret", at_s, body)
    [alert] = sink.said()[0]["alerts"]
    assert (alert["rule"], alert["state"], alert["level"]) == ("service_down", "firing", "critical")


async def test_a_server_that_says_nothing_is_left_and_its_process_is_gone() -> None:
    before = _children()
    async with listening(Silence(), free_port()) as sink:
        fields = {"topic": "t", "server": f"http://127.0.0.1:{sink.port}", "allow_private": "yes"}
        begun = time.monotonic()
        ok, why = await send("ntfy", fields, timeout_s=1)
        assert time.monotonic() - begun < 5
        assert (ok, why) == (False, "it did not answer within 1 s")
        assert _children() == before
        # The same when nobody wants to wait any more, in the middle of it.
        sending = asyncio.create_task(send("ntfy", fields))
        await sink.wait_until_connected()
        sending.cancel()
        await asyncio.wait([sending])
        await sink.wait_until_left()
        assert _children() == before


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


@pytest.mark.parametrize("kind", ["email", "ntfy", "other", "webhook"])
async def test_private_addresses_are_not_reached_unless_allowed(kind: NotifyKind) -> None:
    async with listening(HttpSink(), free_port()) as sink:
        # A name, as the check of what was typed knows addresses alone.
        given = {
            "email": mail_fields(sink.port) | {"host": "localhost"},
            "ntfy": {"topic": "t", "server": f"http://localhost:{sink.port}"},
            "other": {"url": f"json://localhost:{sink.port}/x"},
            "webhook": {"url": f"http://localhost:{sink.port}/"},
        }[kind]
        try:
            ok, why = await send(kind, given | {"allow_private": "no"})
        except StreamsteadError as exc:
            ok, why = False, exc.message
    assert not ok
    assert "not a public" in why, why
    assert sink.posts == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "syslog://",
        "dbus://",
        "exec://rm",
        "glib://x",
        "windows://",
        "rsyslog://127.0.0.1",
        "mailto://example.com?pgpprv=/etc/shadow",
        "vapid://x/y",
        "python://x",
        "FILE:///etc/passwd",
    ],
)
def test_what_would_touch_this_machine_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        cleaned("other", {"url": url})
    assert caught.value.key in ("notify_scheme", "notify_field")


async def test_a_message_cannot_be_made_to_read_a_file_or_start_a_program() -> None:
    async with listening(HttpSink(), free_port()) as sink:
        url = f"json://127.0.0.1:{sink.port}/x?template=/etc/passwd&attach=/etc/passwd"
        await send("other", {"url": url, "allow_private": "yes"})
    assert all(b"root:" not in body for _, _, body in sink.posts)


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
def test_every_allowed_scheme_is_one_of_apprise() -> None:
    from apprise import NotificationManager

    assert set(NotificationManager().schemas()) >= OTHER_SCHEMES


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("discord", {"url": "https://example.com/api/webhooks/123456789/" + "a" * 60}),
        ("discord", {"url": "https://discord.com/api/webhooks/1/../../x"}),
        ("telegram", {"token": "12345/../x:" + "a" * 35, "chat": "1"}),
        ("telegram", {"token": "123456:" + "a" * 35, "chat": "1/2"}),
        ("ntfy", {"topic": "a/b"}),
        ("ntfy", {"topic": "a", "server": "https://ntfy.sh/x?y=1"}),
        ("ntfy", {"topic": "a", "server": "http://127.0.0.1:1"}),
        ("ntfy", {"topic": "a", "token": "x@evil.example.com/"}),
        ("email", {"host": "smtp.example.com?mode=x", "from": "a@b.c", "to": "a@b.c"}),
        ("email", {"host": "smtp.example.com", "from": "a@b.c&x=1", "to": "not a mail"}),
        ("email", {"host": "smtp.example.com", "from": "a@b.c", "to": "a@b.c", "port": "70000"}),
        ("email", {"host": "smtp.example.com", "from": "a@b.c", "to": "a@b.c", "user": "x"}),
        ("webhook", {"url": "http://169.254.169.254/latest/meta-data"}),
        ("webhook", {"url": "https://example.com/", "more": "x"}),
        ("webhook", {}),
        ("webhook", {"url": "https://example.com/", "secret": "a\nb"}),
    ],
)
def test_fields_that_cannot_work_or_say_more_than_they_may_are_refused(
    kind: NotifyKind, fields: dict[str, str]
) -> None:
    with pytest.raises(Invalid):
        cleaned(kind, fields)


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
def test_a_discord_address_becomes_what_apprise_takes() -> None:
    from apprise import Apprise

    from streamstead.platform.alerts.notify_kinds import apprise_url

    token = "Abc-_9" * 11
    url = f"https://discord.com/api/webhooks/123456789012345678/{token}"
    plugin = Apprise.instantiate(apprise_url("discord", cleaned("discord", {"url": url})))
    assert (plugin.webhook_id, plugin.webhook_token) == ("123456789012345678", token)
    chat = {"token": "123456789:" + "A-_b" * 9, "chat": "-100123456"}
    plugin = Apprise.instantiate(apprise_url("telegram", cleaned("telegram", chat)))
    assert (plugin.bot_token, plugin.targets) == (chat["token"], [(-100123456, None)])


def test_secrets_are_in_neither_hint_nor_fields() -> None:
    secret = "Sup3rS3cret" * 4
    given: dict[NotifyKind, dict[str, str]] = {
        "webhook": {"url": f"https://example.com/{secret}", "secret": secret},
        "discord": {"url": f"https://discord.com/api/webhooks/123456789/{secret}"},
        "email": {
            "host": "smtp.example.com",
            "from": "a@b.c",
            "to": "a@b.c",
            "user": "u",
            "password": secret,
        },
        "telegram": {"token": f"123456:{secret}", "chat": "@chan"},
        "ntfy": {"topic": "t", "token": secret},
        "other": {"url": f"gotifys://example.com/{secret}"},
    }
    assert set(given) == set(KINDS)
    for kind, one in given.items():
        fields = cleaned(kind, one)
        assert secret not in hint(kind, fields)
        assert secret not in str(shown(kind, fields))
        assert any(secret in known for known in secrets_of(kind, fields))

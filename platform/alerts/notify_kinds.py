"""What a notification target of each kind must be told, and what Apprise makes of it.

Apprise takes one URL for everything. Ours are built here from single fields, each escaped: nobody
can put an option or another host into them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from ...core.addresses import is_address
from ...core.errors import Invalid
from ...core.outbound import check_url, origin_of
from .models import NotifyKind

PRIVATE = "allow_private"
YES = "yes"

# fmt: off
OTHER_SCHEMES = frozenset({
    "apprise", "apprises", "bark", "barks", "brevo", "dingtalk", "discord", "feishu", "flock",
    "form", "forms", "gchat", "gotify", "gotifys", "guilded", "hassio", "hassios", "ifttt",
    "join", "json", "jsons", "lark", "line", "mailgun", "matrix", "matrixs",
    "mmost", "mmosts", "ncloud", "nclouds", "nctalk", "nctalks", "ntfy", "ntfys", "opsgenie",
    "pagerduty", "pbul", "postmark", "pover", "prowl", "pushdeer", "pushdeers", "pushme",
    "pushplus", "pushy", "resend", "revolt", "rocket", "rockets", "ryver", "schan", "sendgrid",
    "signal", "signals", "slack", "smtp2go", "sparkpost", "synology", "synologys", "tgram",
    "threema", "twilio", "viber", "vonage", "webex", "wecombot", "whatsapp", "workflow",
    "workflows", "wxpusher", "wxteams", "xml", "xmls", "zulip",
})
# fmt: on
"""What Apprise sends over the network alone: nothing that writes to this machine or reads its
files."""

_DISCORD = re.compile(
    r"https://(?:canary\.|ptb\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks/(\d{5,25})/([\w-]{20,200})/?"
)
_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")
_MAIL = re.compile(r"[^\s@,;<>\"]{1,64}@[A-Za-z0-9.-]{1,255}")
_PLAIN = re.compile(r"[\x20-\x7e]*")


@dataclass(frozen=True, slots=True)
class Field:
    """``secret``: kept sealed and never told again."""

    name: str
    secret: bool = False
    required: bool = False
    default: str = ""


_PRIVATE = Field(PRIVATE, default="no")

KINDS: Mapping[NotifyKind, tuple[Field, ...]] = {
    "webhook": (Field("url", True, True), Field("secret", True), _PRIVATE),
    "discord": (Field("url", True, True),),
    "email": (
        Field("host", required=True),
        Field("port", default="587"),
        Field("security", default="starttls"),
        Field("user"),
        Field("password", True),
        Field("from", required=True),
        Field("to", required=True),
        _PRIVATE,
    ),
    "telegram": (Field("token", True, True), Field("chat", required=True)),
    "ntfy": (
        Field("server", default="https://ntfy.sh"),
        Field("topic", required=True),
        Field("token", True),
        _PRIVATE,
    ),
    "other": (Field("url", True, True), _PRIVATE),
}

Fields = Mapping[str, str]


def cleaned(kind: NotifyKind, fields: Fields) -> dict[str, str]:
    """Return the fields with their defaults. Raises Invalid, ``notify_field``, for what is none of
    them, is missing or cannot work."""
    known = {field.name: field for field in KINDS[kind]}
    for name in fields:
        if name not in known:
            raise _bad(f"{name} is not a field of {kind}", f"Its fields: {', '.join(known)}.")
    found = {}
    for name, field in known.items():
        value = fields.get(name, "").strip() or field.default
        if field.required and not value:
            raise _bad(f"{name} is missing", f"Fill in {name}.")
        if not value.isprintable():
            raise _bad(f"{name} has characters that cannot be", "Type it again.")
        found[name] = value
    if PRIVATE in found and found[PRIVATE] not in (YES, "no"):
        raise _bad(f"{PRIVATE} is neither yes nor no", "Choose one of them.")
    _CHECKS[kind](found)
    return found


def allows_private(fields: Fields) -> bool:
    return fields.get(PRIVATE) == YES


def shown(kind: NotifyKind, fields: Fields) -> dict[str, str]:
    """Return the fields that may be told."""
    return {one.name: fields.get(one.name, "") for one in KINDS[kind] if not one.secret}


def secrets_of(kind: NotifyKind, fields: Fields) -> list[str]:
    """Return what must not stand in any text, longest first."""
    found = {fields[one.name] for one in KINDS[kind] if one.secret and fields.get(one.name)}
    for value in list(found):
        if "://" in value:
            parts = urlsplit(value)
            found |= {part for part in re.split(r"[/@:?&=]", value) if len(part) >= 8}
            found -= {parts.hostname or "", parts.netloc}
    return sorted((one for one in found if len(one) >= 4), key=len, reverse=True)


def hint(kind: NotifyKind, fields: Fields) -> str:
    """Say where a target leads, without its secrets."""
    if kind in ("webhook", "discord"):
        return origin_of(fields["url"])
    if kind == "email":
        return f"{fields['to']} by {fields['host']}"
    if kind == "telegram":
        return f"chat {fields['chat']}"
    if kind == "ntfy":
        return f"{fields['server'].rstrip('/')}/{fields['topic']}"
    scheme, _, _ = fields["url"].partition("://")
    return f"{scheme}://…"


def apprise_url(kind: NotifyKind, fields: Fields) -> str:
    """Return the URL for Apprise of cleaned fields; a webhook has none, we send it ourselves."""
    if kind == "discord":
        match = _DISCORD.fullmatch(fields["url"])
        assert match is not None
        return f"discord://{match[1]}/{match[2]}/?avatar=no"
    if kind == "email":
        return _mail_url(fields)
    if kind == "telegram":
        return f"tgram://{_q(fields['token'], safe=':')}/{_q(fields['chat'], safe='@')}/"
    if kind == "ntfy":
        parts = urlsplit(fields["server"])
        scheme = "ntfys" if parts.scheme == "https" else "ntfy"
        token = f"{_q(fields['token'])}@" if fields["token"] else ""
        auth = "?auth=token" if token else ""
        return f"{scheme}://{token}{parts.netloc}/{_q(fields['topic'])}{auth}"
    return fields["url"]


def _mail_url(fields: Fields) -> str:
    mode = {"starttls": "starttls", "tls": "ssl", "none": "insecure"}[fields["security"]]
    scheme = "mailto" if mode == "insecure" else "mailtos"
    who = ""
    if fields["user"]:
        who = f"{_q(fields['user'])}:{_q(fields['password'])}@"
    options = {
        "smtp": fields["host"],
        "from": fields["from"],
        "to": ",".join(_mails(fields["to"])),
        "mode": mode,
        "format": "text",
    }
    query = "&".join(f"{name}={_q(value)}" for name, value in options.items())
    domain = fields["from"].rpartition("@")[2]
    return f"{scheme}://{who}{domain}:{fields['port']}?{query}"


def _q(value: str, safe: str = "") -> str:
    return quote(value, safe=safe)


def _mails(text: str) -> list[str]:
    return [one for one in re.split(r"[,;\s]+", text) if one]


def _bad(message: str, help: str) -> Invalid:
    return Invalid(message, help, key="notify_field")


def _check_webhook(fields: dict[str, str]) -> None:
    fields["url"] = check_url(fields["url"], allow_private=allows_private(fields))


def _check_discord(fields: dict[str, str]) -> None:
    if not _DISCORD.fullmatch(fields["url"]):
        raise _bad(
            "this is not the address of a Discord webhook",
            "In Discord: channel settings, Integrations, Webhooks, Copy Webhook URL.",
        )


def _check_email(fields: dict[str, str]) -> None:
    if not (_HOST.fullmatch(fields["host"]) or is_address(fields["host"])):
        raise _bad(f"{fields['host'][:60]} is not a host name", "It looks like smtp.example.com.")
    port = fields["port"]
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise _bad("the port is not a number from 1 to 65535", "Usual are 587, 465 and 25.")
    if fields["security"] not in ("starttls", "tls", "none"):
        raise _bad("security is neither starttls, tls nor none", "Choose one of them.")
    if not _MAIL.fullmatch(fields["from"]):
        raise _bad("from is not a mail address", "It looks like alerts@example.com.")
    to = _mails(fields["to"])
    if not 1 <= len(to) <= 20 or not all(_MAIL.fullmatch(one) for one in to):
        raise _bad("to has something that is not a mail address", "Separate several by commas.")
    if bool(fields["user"]) != bool(fields["password"]):
        raise _bad("user and password belong together", "Fill in both, or none.")


def _check_telegram(fields: dict[str, str]) -> None:
    if not re.fullmatch(r"\d{5,15}:[\w-]{30,60}", fields["token"]):
        raise _bad("this is not the token of a bot", "Ask @BotFather for it.")
    if not re.fullmatch(r"-?\d{1,20}|@[A-Za-z]\w{3,40}", fields["chat"]):
        raise _bad(
            "chat is neither a number nor a @name", "Ask @userinfobot for the number of the chat."
        )


def _check_ntfy(fields: dict[str, str]) -> None:
    server = check_url(fields["server"], allow_private=allows_private(fields))
    parts = urlsplit(server)
    if parts.path not in ("", "/") or parts.query or parts.username is not None:
        raise _bad("the server of ntfy has no path", "It looks like https://ntfy.sh.")
    fields["server"] = server
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", fields["topic"]):
        raise _bad("this is not a topic of ntfy", "Letters, digits, - and _ alone.")
    if not re.fullmatch(r"[\w.-]*", fields["token"], re.ASCII):
        raise _bad("this is not a token of ntfy", "It begins with tk_.")


def _check_other(fields: dict[str, str]) -> None:
    url = fields["url"]
    scheme, sep, rest = url.partition("://")
    if not sep or not rest or not _PLAIN.fullmatch(url) or " " in url:
        raise _bad("this is not a URL of Apprise", "Its wiki has the form for each service.")
    if scheme.lower() not in OTHER_SCHEMES:
        raise Invalid(
            f"Apprise URLs that begin with {scheme[:20]}:// are not allowed here",
            "Choose a service that is reached over the network.",
            key="notify_scheme",
        )


_CHECKS = {
    "webhook": _check_webhook,
    "discord": _check_discord,
    "email": _check_email,
    "telegram": _check_telegram,
    "ntfy": _check_ntfy,
    "other": _check_other,
}

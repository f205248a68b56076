"""Names a certificate may be asked for, as people type them."""

import ipaddress
import re

from ...core.errors import Invalid

MAX_DOMAINS = 100
"""As many as Let's Encrypt puts into one certificate."""

_SPLIT = re.compile(r"[;,\s]+")
_SCHEME = re.compile(r"^https?://", re.IGNORECASE)
_LABEL = re.compile(r"^(?!-)[a-z0-9-]{1,63}(?<!-)$")
_EMAIL = re.compile(r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9-]+\.)+[A-Za-z]{2,63}$")

_NOT_PUBLIC = frozenset(
    ("local", "localhost", "test", "example", "invalid", "internal", "lan", "home", "corp", "onion")
)
"""Last labels that no public CA knows."""


def parse_domains(text: str, wildcards: bool, public: bool) -> tuple[str, ...]:
    """Return the names in their ASCII form, each once, in the order given.

    ``wildcards``: they may be proved (by DNS). ``public``: the CA serves the internet, so names
    of a private network are errors. Raises Invalid that names the first wrong one.
    """
    found: dict[str, None] = {}
    for word in _SPLIT.split(text.strip()):
        if word:
            found[_parse(word, wildcards, public)] = None
    if not found:
        raise _wrong("no domain is given", "Say for example: live.example.com")
    if len(found) > MAX_DOMAINS:
        raise _wrong(f"more than {MAX_DOMAINS} domains are given", "Name fewer.")
    for name in found:
        parent = name.partition(".")[2]
        if not name.startswith("*.") and f"*.{parent}" in found:
            raise _wrong(f"{name} is covered by *.{parent} already", f"Leave {name} out.")
    return tuple(found)


def check_email(text: str) -> str:
    """Return the address without spaces around it; empty is fine. Raises Invalid."""
    email = text.strip()
    if email and (len(email) > 254 or not _EMAIL.match(email)):
        raise Invalid(
            "this is no e-mail address", "Correct it, or leave it empty.", key="email_invalid"
        )
    return email


def readable(name: str) -> str:
    """Return a name as people write it: with its own letters where it has some."""
    if "xn--" not in name:
        return name
    import idna  # late: its tables take memory, and few names need them

    try:
        return idna.decode(name)
    except idna.IDNAError:
        return name


def _parse(word: str, wildcards: bool, public: bool) -> str:
    name = _SCHEME.sub("", word).rstrip("/").rstrip(".").lower()
    star = name.startswith("*.")
    plain = _ascii(name.removeprefix("*."), word)
    labels = plain.split(".")
    if _is_address(plain):
        raise _wrong(
            f"{word} is an address, and certificates are for names",
            "Make a domain point to this server and name that.",
        )
    if any(mark in name for mark in "/:@?#"):
        raise _wrong(
            f"{word} is more than a domain", "Name the domain alone, without port or path."
        )
    if len(plain) > 253 or not all(_LABEL.match(label) for label in labels):
        raise _wrong(
            f"{word} is not a domain", "Letters, digits, hyphens and dots: live.example.com"
        )
    if len(labels) < 2 or labels[-1].isdigit():
        raise _wrong(f"{word} is not a whole domain", "Name it with its ending: live.example.com")
    if public and labels[-1] in _NOT_PUBLIC:
        raise _wrong(
            f"{word} is a name of a private network, for which no public CA gives certificates",
            "Use a domain that you have registered, or upload a certificate of your own.",
        )
    if star and not wildcards:
        raise Invalid(
            f"{word} stands for many names, which can be proved by DNS only",
            "Choose the proof by DNS, or name each domain.",
            key="wildcard_needs_dns",
        )
    return f"*.{plain}" if star else plain


def _ascii(name: str, word: str) -> str:
    if name.isascii():
        return name
    import idna

    try:
        return idna.encode(name, uts46=True).decode()
    except idna.IDNAError:
        raise _wrong(f"{word} is not a domain", "Check its letters.") from None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _wrong(message: str, help_text: str) -> Invalid:
    return Invalid(message, help_text, key="domain_invalid")

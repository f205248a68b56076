"""Take secrets out of text before it reaches a log, an error or a page."""

import re
from urllib.parse import urlsplit, urlunsplit

# Query parameters, JSON fields and headers whose value is never shown.
_PAIR = re.compile(
    r"(?i)\b(secret|password|passwd|passphrase|pass|grant|token|key|streamkey|signature|sign|hook|auth_key|authorization)"
    r"(\\?[\"']?\s*(?:[=:]|%3[Dd])\s*\\?[\"']?)(?:Bearer\s+)?[^&\s\"',;}\]]+"
)
_BEARER = re.compile(r"(?i)\bBearer\s+[A-Za-z0-9._~+/=-]+")
_USERINFO = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/@\s]+@")
# What tells by its form that it is a secret: keys of our API and tokens of sessions.
_CREDENTIAL = re.compile(
    r"\b(ssk_[A-Za-z0-9]+_|srs-v2-|eyJ[A-Za-z0-9_-]{8,}\.)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)?"
)
# Each of the three needs one of these; most names and addresses in a log have none.
_SEPARATOR = re.compile(r"[=:%\s]")


def redact_text(text: str) -> str:
    """Replace the values of secret parameters, bearer tokens and user:password parts by ``***``."""
    text = _CREDENTIAL.sub(r"\1***", text)
    if _SEPARATOR.search(text) is None:
        return text
    text = _PAIR.sub(r"\1\2***", text)
    text = _BEARER.sub("Bearer ***", text)
    return _USERINFO.sub(r"\1***@", text)


def redact_destination(url: str) -> str:
    """Return a push address without its stream key: last path part and query are hidden."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.port:
        host = f"{host}:{parts.port}"
    folder, _, key = parts.path.rpartition("/")
    return urlunsplit((parts.scheme, host, f"{folder}/***" if key else parts.path, "", ""))

"""Only the whole file opens, and only with its passphrase."""

import io
import tarfile

import pytest

from streamstead.mgmt.backup.faults import BackupBroken, PassphraseNeeded, PassphraseWrong
from streamstead.mgmt.backup.sealed_file import PIECE, Header, Reader, Writer, new_header
from streamstead.mgmt.backup.unpack import MANIFEST, check

from .conftest import PASSPHRASE, nobody_hears


def header(passphrase: str | None) -> Header:
    facts = {"id": "a", "at_ms": 1, "version": "0.1.0", "data_version": 1}
    return new_header(passphrase, **facts, recordings=False, host="")


def sealed(content: bytes, passphrase: str | None = PASSPHRASE) -> bytes:
    out = io.BytesIO()
    out.fileno = lambda: 0  # type: ignore[method-assign]
    writer = Writer(out, header(passphrase), passphrase)
    writer.write(content)
    writer.finish()
    return out.getvalue()


@pytest.fixture(autouse=True)
def _syncing_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)


def opened(raw: bytes, passphrase: str | None = PASSPHRASE) -> bytes:
    reader = Reader(io.BytesIO(raw), passphrase)
    found = b""
    while data := reader.read(100_000):
        found += data
    return found


NOISE = bytes(range(256)) * 17 + b"end"


@pytest.fixture(scope="module")
def large() -> bytes:
    import random

    return random.Random(1).randbytes(3 * PIECE)


@pytest.mark.parametrize("passphrase", [PASSPHRASE, None])
def test_what_went_in_comes_out(large: bytes, passphrase: str | None) -> None:
    for content in (b"", NOISE, large):
        raw = sealed(content, passphrase)
        assert opened(raw, passphrase) == content
        assert (NOISE[:40] in raw) is False


def test_a_wrong_passphrase_and_none_are_told_apart() -> None:
    raw = sealed(NOISE)
    with pytest.raises(PassphraseWrong):
        opened(raw, "another one")
    with pytest.raises(PassphraseNeeded):
        opened(raw, None)


def test_a_passphrase_is_never_left_unasked() -> None:
    with pytest.raises(BackupBroken, match="not encrypted"):
        opened(sealed(NOISE, None), PASSPHRASE)


@pytest.mark.parametrize("passphrase", [PASSPHRASE, None])
def test_every_change_is_found(large: bytes, passphrase: str | None) -> None:
    raw = sealed(large, passphrase)
    first = raw.index(b"\n", raw.index(b"\n") + 1) + 1
    step = PIECE + 16
    changed = {
        "cut": raw[:-1],
        "cut at a piece": raw[: first + 2 * step],
        "longer": raw + b"x",
        "a bit": raw[:-500] + bytes([raw[-500] ^ 1]) + raw[-499:],
        "swapped": raw[:first]
        + raw[first + step : first + 2 * step]
        + raw[first : first + step]
        + raw[first + 2 * step :],
        "header": raw.replace(b'"version":"0.1.0"', b'"version":"0.0.1"'),
        "nothing": b"",
        "other": b"PK" + raw,
    }
    for what, one in changed.items():
        try:
            opened(one, passphrase)
        except (BackupBroken, PassphraseWrong):
            continue
        pytest.fail(what)


def _tar(*entries: tuple[str, bytes, bytes]) -> bytes:
    """Return an archive; an entry is (name, type, content or target)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, kind, content in entries:
            info = tarfile.TarInfo(name)
            info.type = kind
            if kind == tarfile.SYMTYPE:
                info.linkname = content.decode()
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


FILE, LINK = tarfile.REGTYPE, tarfile.SYMTYPE


@pytest.mark.parametrize(
    "entries",
    [
        [("../etc/passwd", FILE, b"x")],
        [("/etc/passwd", FILE, b"x")],
        [("etc/passwd", FILE, b"x")],
        [("ssl/../../x", FILE, b"x")],
        [("ssl/current", LINK, b"/etc")],
        [("ssl/current", LINK, b"../../..")],
        [("ssl/current", LINK, b"../mgmt")],
        [("mgmt/fifo", tarfile.FIFOTYPE, b"")],
        [("mgmt/a", FILE, b"x"), ("mgmt/a", FILE, b"y")],
        [("mgmt/a", FILE, b"x")],
        [("mgmt/a", FILE, b"x"), (MANIFEST, FILE, b"{}")],
        [("mgmt/a", FILE, b"x"), (MANIFEST, FILE, b'{"members":{"mgmt/a":"00"}}')],
        [(MANIFEST, FILE, b'{"members":{}}'), ("mgmt/a", FILE, b"x")],
    ],
)
def test_an_archive_that_is_not_ours_is_refused(entries: list[tuple[str, bytes, bytes]]) -> None:
    raw = sealed(_tar(*entries), None)
    with pytest.raises(BackupBroken):
        check(io.BytesIO(raw), None, nobody_hears)

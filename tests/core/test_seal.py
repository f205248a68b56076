"""Secrets that must be stored are worth nothing without the master key."""

import pytest

from streamstead.core.errors import ConfigError
from streamstead.core.seal import Sealer


@pytest.mark.parametrize("secret", ["", "s3cret", "é中\x00", "a" * 5000])
def test_a_sealed_secret_opens_again(secret: str) -> None:
    sealer = Sealer(b"k" * 32)
    sealed = sealer.seal(secret)
    assert Sealer(b"k" * 32).open(sealed) == secret
    assert not secret or secret not in sealed


def test_the_same_secret_never_looks_the_same() -> None:
    sealer = Sealer(b"k" * 32)
    assert sealer.seal("same") != sealer.seal("same")


@pytest.mark.parametrize("change", ["key", "bit", "cut", "words"])
def test_what_was_changed_or_sealed_by_another_key_does_not_open(change: str) -> None:
    sealed = Sealer(b"k" * 32).seal("s3cret")
    key = b"j" * 32 if change == "key" else b"k" * 32
    match change:
        case "bit":
            sealed = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]
        case "cut":
            sealed = sealed[:9]
        case "words":
            sealed = "not sealed at all"
    with pytest.raises(ConfigError) as refused:
        Sealer(key).open(sealed)
    assert "s3cret" not in refused.value.message

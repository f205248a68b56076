"""Secrets that Redis keeps cannot be read, moved or changed there."""

import pytest

from streamstead.core.sealed import HOOK_TARGET, PLAY_RULE, SealBroken, Sealer

KEY = b"k" * 32


def test_what_was_sealed_is_opened_again_and_looks_different_every_time() -> None:
    sealer = Sealer(KEY, HOOK_TARGET)
    first, second = sealer.seal("grüße"), sealer.seal("grüße")
    assert first != second
    assert sealer.open(first) == sealer.open(second) == "grüße"
    assert Sealer(KEY, HOOK_TARGET).open(first) == "grüße"


@pytest.mark.parametrize("other", [Sealer(b"x" * 32, HOOK_TARGET), Sealer(KEY, PLAY_RULE)])
def test_another_key_or_purpose_opens_nothing(other: Sealer) -> None:
    with pytest.raises(SealBroken):
        other.open(Sealer(KEY, HOOK_TARGET).seal("secret"))


@pytest.mark.parametrize("wrong", ["", "1.", "secret", "1.%%%", "2.AAAA", "1." + "A" * 60])
def test_what_was_never_sealed_is_an_error_that_names_the_next_step(wrong: str) -> None:
    with pytest.raises(SealBroken) as caught:
        Sealer(KEY, HOOK_TARGET).open(wrong)
    assert "master.key" in caught.value.help


def test_a_changed_letter_is_noticed() -> None:
    sealed = Sealer(KEY, HOOK_TARGET).seal("secret")
    at = len(sealed) // 2
    changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
    with pytest.raises(SealBroken):
        Sealer(KEY, HOOK_TARGET).open(changed)

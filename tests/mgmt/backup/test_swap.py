"""Exchanging the files of a house: the power may fail at any moment."""

import os
from pathlib import Path
from typing import Any

import pytest

from streamstead.core.paths import DataDir
from streamstead.mgmt.backup import swap
from streamstead.mgmt.backup.swap import Phase, RestoreState

HERE = {
    "config/.env": "env of now",
    "config/master.key": "key of now",
    "config/only-now": "x",
    "config/unit": "machine",
    "redis/appendonlydir/a": "data of now",
    "mgmt/front.json": "now",
    "mgmt/events.jsonl": "events of now",
    "ssl/nginx.crt": "now",
    "audit/1.jsonl": "of now",
    "record/r1/recording.json": "now",
}
THEN = {
    "config/.env": "env of then",
    "config/master.key": "key of then",
    "config/only-then": "x",
    "redis/appendonly.aof": "data of then",
    "mgmt/front.json": "then",
    "mgmt/events.jsonl": "events of then",
    "slate/own/a.png": "then",
    "audit/1.jsonl": "of then",
    "audit/0.jsonl": "older",
    "record/r1/recording.json": "then",
    "record/r2/recording.json": "then",
}
AFTER = {
    **{name: text for name, text in THEN.items() if name not in ("audit/1.jsonl",)},
    "mgmt/events.jsonl": "events of now",
    "audit/1.jsonl": "of now",
    "record/r1/recording.json": "now",
    "config/unit": "machine",
}
BACK = HERE | {
    "audit/0.jsonl": "older",
    "record/r2/recording.json": "then",
}


class PowerFails(Exception):
    """Here and now."""


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def _read(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text()
        for path in root.rglob("*")
        if path.is_file() and ".restore" not in path.parts
    }


def _prepared(root: Path) -> DataDir:
    data = DataDir(root)
    _write(root, HERE)
    _write(swap.new_stage(data), THEN)
    names = swap.exchanged_names(data)
    swap.state_file(data).write(RestoreState(phase=Phase.SWAP, id="a", names=names))
    return data


def _phase(data: DataDir) -> Phase:
    return swap.state_file(data).read().phase


def test_a_start_exchanges_files_once_and_gives_up_after_some_more(tmp_path: Path) -> None:
    data = _prepared(tmp_path)
    assert swap.on_start(data)
    assert (_phase(data), _read(tmp_path)) == (Phase.TRYING, AFTER)
    for _ in range(swap.MAX_STARTS):
        assert not swap.on_start(data)
    assert swap.on_start(data)
    assert (_phase(data), _read(tmp_path)) == (Phase.WENT_BACK, BACK)
    assert not swap.on_start(data)


def test_a_start_that_fails_with_restored_files_goes_back(tmp_path: Path) -> None:
    data = _prepared(tmp_path)
    assert not swap.failed_to_start(data, "x")
    swap.on_start(data)
    assert swap.failed_to_start(data, "no room")
    assert swap.on_start(data)
    assert swap.state_file(data).read().why == "no room"
    assert _read(tmp_path) == BACK


@pytest.mark.parametrize("then_back", [False, True])
def test_whenever_the_power_fails_the_next_start_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then_back: bool
) -> None:
    real = os.rename
    for moment in range(60):
        root = tmp_path / str(moment)
        root.mkdir()
        data = _prepared(root)
        if then_back:
            swap.on_start(data)
            swap.failed_to_start(data, "x")
        left = [moment]

        def rename(*names: Any, left: list[int] = left) -> None:
            if left[0] == 0:
                raise PowerFails
            left[0] -= 1
            real(*names)

        monkeypatch.setattr(os, "rename", rename)
        failed = False
        try:
            swap.on_start(data)
        except PowerFails:
            failed = True
        monkeypatch.setattr(os, "rename", real)
        if failed:
            assert swap.on_start(data)
        assert _read(root) == (BACK if then_back else AFTER), moment
        if not failed:
            assert moment > 5
            return
    pytest.fail("it never ended")


def test_nothing_is_added_behind_a_link_that_a_service_made(tmp_path: Path) -> None:
    source, target, elsewhere = (tmp_path / name for name in ("new", "here", "elsewhere"))
    _write(source, {"r1/a": "x", "r1/deep/b": "x", "r2/c": "x"})
    target.mkdir()
    elsewhere.mkdir()
    (target / "r1").symlink_to(elsewhere)
    swap._add(source, target)
    assert list(elsewhere.iterdir()) == []
    assert (target / "r2/c").read_text() == "x"

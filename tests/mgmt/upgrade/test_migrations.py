"""Steps of the data, forward and back, and a release that is too old for them."""

from pathlib import Path

import pytest

from streamstead.core.errors import ConfigError
from streamstead.core.paths import DataDir
from streamstead.mgmt.upgrade.migrations import BASE, MIGRATIONS, Migration, Migrations


def step(number: int, back: bool = True, fails: bool = False) -> Migration:
    def forward(data: DataDir) -> None:
        if fails:
            raise OSError("the disk is full")
        (data.config / f"step-{number}").touch()

    def backward(data: DataDir) -> None:
        (data.config / f"step-{number}").unlink(missing_ok=True)

    return Migration(number, f"step {number}", forward, backward if back else None)


def done(data: DataDir) -> set[str]:
    return {path.name for path in data.config.glob("step-*")}


def test_all_steps_are_done_once_and_the_form_is_kept(data: DataDir) -> None:
    migrations = Migrations(data, [step(2), step(3)])
    assert migrations.forward() == ["step 2", "step 3"]
    assert migrations.forward() == []
    assert migrations.number == 3


def test_a_step_that_fails_is_done_again_from_there(data: DataDir) -> None:
    with pytest.raises(OSError, match="full"):
        Migrations(data, [step(2), step(3, fails=True)]).forward()
    assert Migrations(data, [step(2), step(3)]).forward() == ["step 3"]


def test_an_older_release_refuses_newer_data_in_words(data: DataDir) -> None:
    Migrations(data, [step(2), step(3)]).forward()
    with pytest.raises(ConfigError) as refused:
        Migrations(data, [step(2)]).forward()
    assert "newer release" in refused.value.message


def test_the_way_back(data: DataDir) -> None:
    migrations = Migrations(data, [step(2), step(3)])
    migrations.forward()
    assert migrations.backward(2)
    assert done(data) == {"step-2"}
    assert Migrations(data, [step(2)]).forward() == []


def test_nothing_is_undone_when_one_step_has_no_way_back(data: DataDir) -> None:
    migrations = Migrations(data, [step(2, back=False), step(3)])
    migrations.forward()
    assert not migrations.backward(BASE)
    assert done(data) == {"step-2", "step-3"}
    assert migrations.number == 3


def test_a_file_that_holds_no_number_is_told(data: DataDir) -> None:
    (data.config / "data-version").write_text("x")
    with pytest.raises(ConfigError):
        Migrations(data).forward()


def test_the_steps_of_this_release_have_no_gap_and_bear_an_empty_house(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    data.config.mkdir()
    Migrations(data).forward()
    assert Migrations(data).number == BASE + len(MIGRATIONS)

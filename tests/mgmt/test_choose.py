"""Docker or processes. The engine's part is replaced; it has tests of its own."""

import gc
import json
from pathlib import Path
from typing import Any

import pytest

from streamstead.core.errors import ConfigError
from streamstead.core.settings import RuntimeChoice, Settings
from streamstead.mgmt.containers.state import Programs
from streamstead.mgmt.containers.switching import chosen_media
from streamstead.mgmt.runtime import docker_engine
from streamstead.mgmt.runtime.choose import Decision, decide, decision_file
from streamstead.mgmt.runtime.spec import RuntimeName
from streamstead.mgmt.services.common import MediaServer


class Engine:
    """What the Docker Engine says: a problem, or nothing."""

    problem = ""
    asked = 0

    def __call__(self, *_: Any) -> str:
        self.asked += 1
        return self.problem


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    made = Engine()
    monkeypatch.setattr(docker_engine, "prepare_images", made)
    return made


def choosing(settings: Settings, choice: RuntimeChoice, **more: object) -> Settings:
    return settings.model_copy(update={"runtime": choice, **more})


def test_auto_takes_docker_when_it_can(settings: Settings, engine: Engine) -> None:
    found = decide(choosing(settings, RuntimeChoice.AUTO))
    assert (found.runtime, found.media_server) == (RuntimeName.DOCKER, MediaServer.SRS)


def test_auto_takes_processes_else_and_says_why(settings: Settings, engine: Engine) -> None:
    engine.problem = "image redis:7 could not be pulled in time"
    found = decide(choosing(settings, RuntimeChoice.AUTO))
    assert (found.runtime, found.media_server) == (RuntimeName.PROCESS, MediaServer.EMBEDDED)
    assert found.reason == engine.problem
    assert json.loads(decision_file(settings).read_text())["reason"] == engine.problem


def test_auto_keeps_its_choice_until_asked_again(settings: Settings, engine: Engine) -> None:
    auto = choosing(settings, RuntimeChoice.AUTO)
    assert decide(auto).runtime is RuntimeName.DOCKER
    engine.problem = "no Docker Engine answers"
    assert decide(auto).runtime is RuntimeName.DOCKER
    assert engine.asked == 1
    assert decide(auto, again=True).runtime is RuntimeName.PROCESS
    assert decide(auto).runtime is RuntimeName.PROCESS


def test_processes_are_taken_when_named_without_asking_docker(
    settings: Settings, engine: Engine
) -> None:
    decide(choosing(settings, RuntimeChoice.AUTO))
    found = decide(choosing(settings, RuntimeChoice.PROCESS))
    assert found.runtime is RuntimeName.PROCESS
    assert engine.asked == 1


def test_docker_that_is_named_but_cannot_be_had_is_an_error(
    settings: Settings, engine: Engine
) -> None:
    engine.problem = "no Docker Engine answers"
    with pytest.raises(ConfigError, match="but no Docker Engine answers"):
        decide(choosing(settings, RuntimeChoice.DOCKER))


def test_docker_that_was_chosen_may_be_away_for_a_moment(
    settings: Settings, engine: Engine
) -> None:
    docker = choosing(settings, RuntimeChoice.DOCKER)
    decide(docker)
    engine.problem = "no Docker Engine answers"
    assert decide(docker).runtime is RuntimeName.DOCKER


def test_a_real_srs_replaces_the_embedded_engine(
    settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    binary = tmp_path / "srs"
    binary.touch()
    process = choosing(settings, RuntimeChoice.PROCESS)
    assert decide(process).media_server is MediaServer.EMBEDDED
    with_srs = choosing(settings, RuntimeChoice.PROCESS, srs_bin=binary)
    assert decide(with_srs).media_server is MediaServer.SRS
    assert decide(process).media_server is MediaServer.EMBEDDED
    absent = choosing(settings, RuntimeChoice.PROCESS, srs_bin=tmp_path / "no")
    with pytest.raises(ConfigError, match="SRS_BIN"):
        decide(absent, again=True)


def test_a_media_server_that_was_chosen_elsewhere_is_taken_only_where_it_can_be_had(
    settings: Settings, tmp_path: Path
) -> None:
    here = Decision(RuntimeName.PROCESS, MediaServer.EMBEDDED, "a test")
    dev = Programs(media="srs-dev")
    assert chosen_media(dev, here, settings) is MediaServer.EMBEDDED
    with_srs = choosing(settings, RuntimeChoice.PROCESS, srs_bin=tmp_path / "srs")
    assert chosen_media(dev, here, with_srs) is MediaServer.SRS
    docker = Decision(RuntimeName.DOCKER, MediaServer.SRS, "a test")
    assert chosen_media(dev, docker, settings) is MediaServer.SRS
    assert chosen_media(Programs(media="engine"), docker, settings) is MediaServer.EMBEDDED
    assert chosen_media(Programs(), docker, settings) is MediaServer.SRS


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"runtime": "cloud"}'])
def test_a_damaged_record_is_decided_anew(settings: Settings, engine: Engine, text: str) -> None:
    decision_file(settings).write_text(text)
    assert decide(choosing(settings, RuntimeChoice.AUTO)).runtime is RuntimeName.DOCKER


# The library leaves the socket of a refused connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_engine_that_does_not_answer_is_named(tmp_path: Path) -> None:
    said = docker_engine.prepare_images(f"unix://{tmp_path}/no.sock", ("redis:7",), 1)
    gc.collect()
    assert said == "no Docker Engine runs here"

"""Logs of programs that run in containers, by a real Docker Engine."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from streamstead.mgmt.logs.containers import DockerLogs
from streamstead.mgmt.logs.line import Line
from streamstead.mgmt.runtime.docker import INSTANCE_LABEL, SERVICE_LABEL

from ...conftest import wait_until

pytestmark = pytest.mark.docker

SAYS = """
echo '[2026-11-21 10:00:00.000][WARN][1][x] refused, param=?secret=hidden-one'
echo two
while [ ! -e /tmp/go ]; do sleep 0.1; done
echo three
sleep 60
"""


@pytest.fixture
def instance(engine: Any, image: str) -> Iterator[tuple[str, Any]]:
    id_ = secrets.token_hex(6)
    labels = {INSTANCE_LABEL: id_, SERVICE_LABEL: "media"}
    container = engine.containers.run(
        image, ["-c", SAYS], entrypoint=["sh"], labels=labels, tmpfs={"/tmp": ""}, detach=True
    )
    yield id_, container
    container.remove(force=True)


def test_lines_of_a_container_are_read_backwards_and_followed(
    instance: tuple[str, Any],
) -> None:
    id_, container = instance
    logs = DockerLogs("", id_)
    assert logs.names() == ["media"]
    assert DockerLogs("", "another").names() == []
    wait_until(lambda: len(list(logs.backwards("media", None))) == 2, "it has said two lines")
    two, one = logs.backwards("media", None)
    assert (one.level, one.text) == ("warning", "refused, param=?secret=***")
    assert two.text == "two"
    assert one.key < two.key
    assert list(logs.backwards("media", one.at_ms - 60_000)) == []
    told: list[Line] = []
    with logs.follow(told.append):
        assert container.exec_run(["sh", "-c", ": > /tmp/go"]).exit_code == 0
        wait_until(lambda: bool(told), "the new line is told")
    assert [(line.service, line.text) for line in told] == [("media", "three")]

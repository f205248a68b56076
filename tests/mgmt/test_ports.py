import socket
from collections.abc import Callable

import pytest

from streamstead.core.settings import Settings
from streamstead.mgmt.ports import choose_doors, port_problem, remember_doors
from streamstead.mgmt.services.common import FrontDoors


@pytest.fixture
def taken() -> socket.socket:
    stranger = socket.socket()
    stranger.bind(("0.0.0.0", 0))
    stranger.listen(1)
    return stranger


def with_doors(settings: Settings, http: int, https: int) -> Settings:
    return settings.model_copy(update={"web_http_port": http, "web_https_port": https})


def test_free_ports_are_opened(settings: Settings, free_port: Callable[[], int]) -> None:
    one, two = free_port(), free_port()
    assert choose_doors(with_doors(settings, one, two), False) == FrontDoors(one, two)


def test_a_port_of_another_program_is_left_out_with_the_reason(
    settings: Settings, free_port: Callable[[], int], taken: socket.socket
) -> None:
    port, https = taken.getsockname()[1], free_port()
    doors = choose_doors(with_doors(settings, port, https), False)
    assert doors == FrontDoors(0, https, (f"port {port} is used by another program",))
    taken.close()


def test_ports_our_running_front_holds_are_kept(settings: Settings, taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    wanted = with_doors(settings, port, 0)
    remember_doors(settings.data.run, FrontDoors(port, 0))
    assert choose_doors(wanted, front_runs=True) == FrontDoors(port, 0)
    assert choose_doors(wanted, front_runs=False).http == 0
    taken.close()


def test_ports_that_are_off_are_not_tried(settings: Settings) -> None:
    assert choose_doors(with_doors(settings, 0, 0), False) == FrontDoors()


def test_a_damaged_memory_is_no_memory(settings: Settings, taken: socket.socket) -> None:
    (settings.data.run / "front.ports").write_text("{")
    port = taken.getsockname()[1]
    assert choose_doors(with_doors(settings, port, 0), front_runs=True).http == 0
    taken.close()


def test_a_free_port_has_no_problem(free_port: Callable[[], int]) -> None:
    assert port_problem(free_port()) == ""

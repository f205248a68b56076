"""kill -9 of each program while a stream is live: who notices, and is everything right again?"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import psutil
import pytest

from ..conftest import wait_until
from .house import Api, House, in_time, publishing, random_name


class Viewer(threading.Thread):
    """Reads an HTTP-FLV stream and notes the longest time without a byte."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self.received = 0
        self.longest_gap_s = 0.0
        self.ended = False
        self._told_to_stop = threading.Event()

    def run(self) -> None:
        try:
            with httpx.stream("GET", self._url, timeout=60, trust_env=False) as reply:
                last = time.monotonic()
                for chunk in reply.iter_raw(4096):
                    now = time.monotonic()
                    if self.received:
                        self.longest_gap_s = max(self.longest_gap_s, now - last)
                    last = now
                    self.received += len(chunk)
                    if self._told_to_stop.is_set():
                        return
        except httpx.HTTPError:
            pass
        self.ended = True

    def stop(self) -> None:
        self._told_to_stop.set()
        self.join(90)


@contextmanager
def watching(house: House, name: str) -> Iterator[Viewer]:
    viewer = Viewer(f"{house.base}/live/{name}.flv")
    viewer.start()
    try:
        wait_until(lambda: viewer.received > 0, "the viewer sees the stream")
        yield viewer
    finally:
        viewer.stop()


@pytest.fixture(
    params=["first_house", "srs_process_house", "srs_image_house"],
    ids=["embedded", "srs-process", "srs-image"],
    scope="session",
)
def house(request: pytest.FixtureRequest) -> House:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, House)
    return found


def _pid(house: House, service: str) -> int:
    if service == "mgmt":
        return house.mgmt_pid()
    return int(house.services()[service]["pid"])


def _is_back(house: House, service: str, old: int) -> Callable[[], bool]:
    def check() -> bool:
        try:
            return _pid(house, service) != old and all(
                one["state"] in ("running", "off") for one in house.services().values()
            )
        except (AssertionError, httpx.HTTPError, KeyError, TypeError):
            return False

    return check


# httpcore leaves the socket of a refused unix connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("service", ["mgmt", "platform", "hooks", "recorder", "ffmpeg_forward"])
def test_killing_one_of_our_services_touches_neither_publisher_nor_viewer(
    house: House, api: Api, service: str
) -> None:
    name = random_name()
    with publishing(f"{house.rtmp}/{name}?secret={api.secret()}") as publisher:
        wait_until(lambda: f"live/{name}" in api.streams(), "the stream is listed")
        owner = api.streams()[f"live/{name}"]["client_id"]
        media = _pid(house, "media")
        with watching(house, name) as viewer:
            victim = _pid(house, service)
            house.kill(victim)
            begun = time.monotonic()
            wait_until(_is_back(house, service, victim), f"{service} is back")
            back_s = time.monotonic() - begun
            before = viewer.received
            wait_until(lambda: viewer.received > before, "the viewer still receives")
            assert not viewer.ended
            gap_s = viewer.longest_gap_s
            print(f"{house.root.name}: {service} back after {back_s:.2f} s, gap {gap_s:.2f} s")
        assert publisher.alive
        assert _pid(house, "media") == media
        assert api.streams()[f"live/{name}"]["client_id"] == owner
    wait_until(lambda: f"live/{name}" not in api.streams(), "the stream is gone")


def test_a_publisher_who_comes_while_nobody_answers_callbacks_is_let_in(
    house: House, api: Api
) -> None:
    name = random_name()
    url = f"{house.rtmp}/{name}?secret={api.secret()}"
    house.kill(_pid(house, "hooks"))
    with publishing(url) as publisher:
        wait_until(lambda: f"live/{name}" in api.streams(), "the stream is listed")
        assert publisher.alive
    wait_until(lambda: f"live/{name}" not in api.streams(), "the stream is gone")


def test_killing_redis_loses_no_setting_and_no_stream(house: House, api: Api) -> None:
    name = random_name()
    secret = api.secret()
    with publishing(f"{house.rtmp}/{name}?secret={secret}") as publisher:
        wait_until(lambda: f"live/{name}" in api.streams(), "the stream is listed")
        victim = _pid(house, "redis")
        house.kill(victim)
        wait_until(_is_back(house, "redis", victim), "redis is back")
        wait_until(in_time(lambda: api.secret() == secret), "the publish secret is the old one")
        wait_until(in_time(lambda: f"live/{name}" in api.streams()), "the stream is listed still")
        assert publisher.alive
    wait_until(lambda: f"live/{name}" not in api.streams(), "the stream is gone")


def test_killing_the_media_server_leaves_no_phantom_stream(house: House, api: Api) -> None:
    name = random_name()
    with publishing(f"{house.rtmp}/{name}?secret={api.secret()}") as publisher:
        wait_until(lambda: f"live/{name}" in api.streams(), "the stream is listed")
        pid = _pid(house, "media")
        engine = house.data / "run/engine"
        if engine.is_dir():
            victims = [
                child.pid
                for master in _engine_masters(house)
                for child in psutil.Process(master).children()
            ]
            assert victims, "the engine has a worker"
        else:
            victims = [pid]
        for victim in victims:
            house.kill(victim)
        assert publisher.wait() != 0
        wait_until(lambda: f"live/{name}" not in api.streams(), "the phantom is removed")
    url = f"{house.rtmp}/{name}?secret={api.secret()}"
    wait_until(lambda: house.services()["media"]["state"] == "running", "media is back")

    def republished() -> bool:
        with publishing(url) as publisher:
            end = time.monotonic() + 30
            while time.monotonic() < end and publisher.alive:
                if f"live/{name}" in api.streams():
                    return True
                time.sleep(0.05)
        return False

    wait_until(republished, "an encoder may come again", 90)


def _engine_masters(house: House) -> set[int]:
    config = str(house.data / "config/engine-nginx.conf")
    return {
        one.pid
        for one in psutil.process_iter(["cmdline"])
        if config in " ".join(one.info["cmdline"] or [])
    }


def test_starting_again_what_runs_already_changes_nothing_and_is_quick(house: House) -> None:
    before = {name: one["pid"] for name, one in house.services().items()}
    begun = time.monotonic()
    done = house.bootstrap()
    assert done.returncode == 0, house.output
    print(f"{house.root.name}: second bootstrap {time.monotonic() - begun:.1f} s")
    assert {name: one["pid"] for name, one in house.services().items()} == before

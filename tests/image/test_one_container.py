"""What somebody lives through who runs the one-line image, with either media server.

The tests are one story, in this order.
"""

import json
import re
import subprocess
from typing import Any

import httpx
import pytest

from ..conftest import wait_until
from ..e2e.house import (
    API,
    PASSWORD,
    Api,
    begin_hls,
    playable,
    probe,
    publishing,
    segments,
)
from ..systemd.machine import docker
from .conftest import Kind
from .one_container import OneContainer

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(1500)]

PASSPHRASE = "several words that nobody guesses"
CAM = {"app": "live", "stream": "cam"}


def lasting(api: Api) -> dict[str, Any]:
    """Return what no restart may change."""
    recordings = api.call("/recordings/query", **CAM)["recordings"]
    return {
        "key": api.secret(),
        "api_secret": api.call("/mgmt/secret/query"),
        "recordings": [(one["id"], one["state"], one["duration_ms"]) for one in recordings],
    }


def all_run(api: Api) -> bool:
    services = api.call("/mgmt/status")["services"]
    return all(one["state"] in ("running", "off") for one in services)


def media(api: Api) -> int:
    services = api.call("/mgmt/status")["services"]
    return next(int(one["pid"] or 0) for one in services if one["name"] == "media")


def rtmp(house: OneContainer, key: str) -> str:
    return f"rtmp://127.0.0.1:{house.rtmp}/live/cam?secret={key}"


def test_what_it_prints_opens_the_house_from_outside(house: OneContainer, kind: Kind) -> None:
    path = house.setup_path()
    page = httpx.get(f"{house.base}{path}", trust_env=False, timeout=60)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html")
    body = {"password": PASSWORD, "setup_code": path.partition("=")[2]}
    with httpx.Client(trust_env=False, timeout=60) as client:
        web = f"http://127.0.0.1:{house.web}{API}"
        reply = client.post(f"{web}/mgmt/init", json=body)
        assert reply.status_code == 200, reply.text
        reply = client.post(f"{web}/mgmt/login", json={"password": "a guess"})
        assert reply.status_code == 401, reply.text
    status = json.loads(house.exec("streamstead", "status", "--json"))
    assert status["media_server"] == kind.media_server


def test_a_stream_goes_in_and_out_by_the_published_ports(house: OneContainer) -> None:
    with house.api() as api:
        api.call("/recordings/stream/update", **CAM, mode="on")
        with publishing(rtmp(house, api.secret())):
            playlist = f"{house.base}/live/cam.m3u8"
            wait_until(lambda: playable(playlist), "the playlist has a segment", 60)
            segment = httpx.get(segments(begin_hls(playlist))[0], trust_env=False, timeout=60)
            assert segment.content[:1] == b"\x47"
            flv = probe(f"{house.base}/live/cam.flv", seconds=2)
            assert flv["video"] >= 2 * 25 * 0.8, flv
            assert flv["audio"] > 0, flv
        wait_until(lambda: "live/cam" not in api.streams(), "the stream is gone")
        for one in api.call("/recordings/query", **CAM)["recordings"]:
            api.call("/recordings/end", id=one["id"])
        wait_until(
            lambda: [state for _, state, _ in lasting(api)["recordings"]] == ["ready"],
            "there is a recording of it",
        )
        api.call("/recordings/stream/update", **CAM, mode="off")


def test_a_killed_media_server_comes_back(house: OneContainer) -> None:
    with house.api() as api:
        before = media(api)
        house.exec("kill", "-9", str(before))
        wait_until(lambda: all_run(api) and media(api) not in (0, before), "it is back", 60)
        with publishing(rtmp(house, api.secret())):
            wait_until(lambda: "live/cam" in api.streams(), "the stream is live")
        wait_until(lambda: "live/cam" not in api.streams(), "the stream is gone")
    wait_until(lambda: house.unreaped() == [], "whoever has ended is buried")


def test_the_manager_is_heard_in_the_page_and_by_docker_logs(house: OneContainer) -> None:
    with house.api() as api:
        found = api.call("/mgmt/logs/query", services=["mgmt"], text="service.started")
        assert [line["service"] for line in found["lines"]][:1] == ["mgmt"], found
    assert '"service":"mgmt"' in house.logs()


def test_it_is_renewed_from_outside_alone(house: OneContainer) -> None:
    with house.api() as api:
        assert api.call("/mgmt/upgrade/status")["in_image"] is True
        reply = api.client.post("/mgmt/upgrade", json={"version": "9.9.9"})
        assert reply.json()["data"]["key"] == "upgrade_in_image", reply.text


def test_a_restart_changes_nothing(house: OneContainer) -> None:
    with house.api() as api:
        before = lasting(api)
    docker("restart", house.name)
    house.wait_healthy()
    with house.api() as api:
        assert lasting(api) == before
        assert all_run(api)
    assert re.search(r"/mgmt/setup#code=", house.logs().rpartition("Streamstead runs.")[2]) is None


def test_a_stop_ends_all_in_order_and_another_container_goes_on(house: OneContainer) -> None:
    with house.api() as api:
        before = lasting(api)
    docker("stop", house.name)
    state = house.inspect()["State"]
    assert (state["ExitCode"], state["OOMKilled"]) == (0, False), house.logs()[-3000:]
    house.remove()
    house.run()
    assert house.exec("cat", "/data/logs/redis.log").count("is now ready to exit, bye bye") == 2
    with house.api() as api:
        assert lasting(api) == before
        ((id_, *_),) = before["recordings"]
        assert api.call("/recordings/get", id=id_)["size_bytes"] > 0


def test_a_backup_begins_the_same_house_in_an_empty_volume(house: OneContainer) -> None:
    words = ("streamstead", "backup", "create", "--passphrase-file", "-")
    file = house.exec(*words, stdin=PASSPHRASE + "\n").split()[-1]
    with house.api() as api:
        before = lasting(api)
    house.remove()
    fresh = f"{house.volume}-restored"
    subprocess.run(["docker", "volume", "rm", fresh], check=False, capture_output=True)
    restore = ("restore", file.replace("/data/", "/old/"), "--passphrase-file", "-")
    done = subprocess.run(
        ["docker", "run", "--rm", "-i", "--network", "none", "-v", f"{fresh}:/data",
         "-v", f"{house.volume}:/old:ro", house.image, *restore],
        input=PASSPHRASE + "\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        house.run(fresh)
        with house.api() as api:
            after = lasting(api)
            assert after["key"] == before["key"]
            assert [one[0] for one in after["recordings"]] == [
                one[0] for one in before["recordings"]
            ]
    finally:
        house.remove()
        subprocess.run(["docker", "volume", "rm", fresh], check=False, capture_output=True)

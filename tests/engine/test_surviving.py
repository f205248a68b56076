"""Whatever is killed, publishers stay where they can, and the control plane learns the truth."""

import os
import signal
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from streamstead.engine.boot import start_ticks

if TYPE_CHECKING:
    from .conftest import Engine, Publish, Tools

pytestmark = pytest.mark.integration


def test_killing_the_shim_cuts_no_publisher_and_no_rtmp_player(
    own_engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    engine, hooks = own_engine, own_engine.hooks
    child = publish(engine.rtmp("s", f"secret={tools.SECRET}"))
    owner = hooks.wait("s", "on_hls")["client_id"]
    argv = ["ffmpeg", "-v", "error", "-i", engine.rtmp("s"), "-f", "null", "-"]
    player = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
    watcher = hooks.wait("s", "on_play")["client_id"]
    stream = engine.http.stream("GET", engine.flv("s"))
    with stream as reply:
        chunks = reply.iter_raw()
        next(chunks)
        viewer = hooks.wait("s", "on_play", 2)["client_id"]
        tools.eventually(lambda: len(engine.clients("s")) == 3, "all three are listed")
        nginx = engine.nginx_pid
        engine.kill()
    last = hooks.of("s", "on_hls")[-1]["seq_no"]
    tools.eventually(lambda: newest_segment(engine) > last, "a segment while the shim is away")
    engine.start()

    assert engine.nginx_pid == nginx
    assert child.poll() is None
    assert player.poll() is None
    assert {c["id"] for c in engine.clients("s")} == {owner, watcher}
    assert hooks.wait("s", "on_stop")["client_id"] == viewer
    hooks.wait("s", "on_hls", last + 3)
    numbers = [b["seq_no"] for b in hooks.of("s", "on_hls")]
    assert numbers == list(range(len(numbers)))
    assert hooks.actions("s").count("on_publish") == 1
    assert hooks.of("s", "on_unpublish") == []
    with engine.http.stream("GET", engine.flv("s")) as reply:
        assert reply.status_code == 200

    player.kill()
    player.wait()
    child.terminate()
    body = hooks.wait("s", "on_unpublish")
    assert (body["client_id"], body["param"]) == (owner, f"?secret={tools.SECRET}")
    assert engine.stream("s") is None


def newest_segment(engine: "Engine") -> int:
    text = engine.playlist("s").read_text()
    first = int(text.partition("MEDIA-SEQUENCE:")[2].split()[0])
    return first + text.count("#EXTINF") - 1


def test_who_left_while_the_shim_was_away_is_reported_gone(
    own_engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    engine, hooks = own_engine, own_engine.hooks
    child = publish(engine.rtmp("s", f"secret={tools.SECRET}"))
    owner = engine.until_live("s")["client_id"]
    engine.kill()
    child.kill()
    child.wait()
    assert publish(engine.rtmp("s", f"secret={tools.SECRET}")).wait(60) != 0  # fails closed
    engine.start()
    assert hooks.wait("s", "on_close")["client_id"] == owner
    assert hooks.actions("s") == ["on_connect", "on_publish", "on_unpublish", "on_close"]
    assert engine.clients("s") == []


def test_a_killed_worker_ends_all_its_clients_and_its_numbers_are_not_used_again(
    own_engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    engine, hooks = own_engine, own_engine.hooks
    publish(engine.rtmp("s", f"secret={tools.SECRET}"))
    owner = hooks.wait("s", "on_publish")["client_id"]
    tools.eventually(lambda: (s := engine.stream("s")) and s["video"], "the stream is measured")
    with engine.http.stream("GET", engine.flv("s")) as reply:
        chunks = reply.iter_raw()
        next(chunks)
        os.kill(engine.worker_pid, signal.SIGKILL)
        hooks.wait("s", "on_close")
        hooks.wait("s", "on_stop")
    assert sorted(b["action"] for b in hooks.of("s") if b["action"] != "on_hls") == sorted(
        ["on_connect", "on_publish", "on_play", "on_stop", "on_unpublish", "on_close"]
    )
    assert engine.stream("s") is None
    events = engine.api("/api/v1/summaries")["data"]["self"]["events"]
    assert events[0]["key"] == "worker_restarted"

    publish(engine.rtmp("s", f"secret={tools.SECRET}"))
    again = hooks.wait("s", "on_publish", 2)["client_id"]
    assert again != owner
    assert again.partition("-")[0] == owner.partition("-")[0]
    assert int(again.partition("-")[2]) > int(owner.partition("-")[2])


def test_an_encoder_that_is_back_before_we_look_is_told_after_its_own_end(
    own_engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    engine, hooks = own_engine, own_engine.hooks
    publish(engine.rtmp("s", f"secret={tools.SECRET}"))
    owner = hooks.wait("s", "on_publish")["client_id"]
    tools.eventually(lambda: (s := engine.stream("s")) and s["video"], "the stream is measured")
    worker = engine.worker_pid
    os.kill(worker, signal.SIGKILL)
    tools.eventually(lambda: engine.worker_pid not in (0, worker), "a new worker")
    publish(engine.rtmp("s", f"secret={tools.SECRET}"))
    hooks.wait("s", "on_publish", 2)
    told = [(b["action"], b["client_id"] == owner) for b in hooks.of("s")]
    assert told.index(("on_unpublish", True)) < told.index(("on_publish", False))
    tools.eventually(lambda: engine.stream("s"), "the stream is live again")


def test_a_killed_nginx_is_started_again_and_its_clients_are_reported_gone(
    own_engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    engine, hooks = own_engine, own_engine.hooks
    publish(engine.rtmp("s", f"secret={tools.SECRET}"))
    engine.until_live("s")
    old, service = engine.nginx_pid, engine.api("/api/v1/versions")["service"]
    worker = engine.worker_pid
    os.kill(old, signal.SIGKILL)
    hooks.wait("s", "on_close")
    tools.eventually(lambda: engine.nginx_pid != old and engine.healthy(), "a new nginx answers")
    publish(engine.rtmp("s", f"secret={tools.SECRET}"))
    tools.eventually(lambda: engine.stream("s"), "the stream is live again")
    assert start_ticks(worker) is None  # its orphan would hold the port
    assert engine.api("/api/v1/versions")["service"] != service
    events = engine.api("/api/v1/summaries")["data"]["self"]["events"]
    assert "nginx_ended" in {event["key"] for event in events}


def test_an_orderly_stop_says_goodbye_for_everyone_and_ends_nginx(
    own_engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    engine, hooks = own_engine, own_engine.hooks
    publish(engine.rtmp("s", f"secret={tools.SECRET}"))
    owner = engine.until_live("s")["client_id"]
    with engine.http.stream("GET", engine.flv("s")) as reply:
        chunks = reply.iter_raw()
        next(chunks)
        nginx, worker = engine.nginx_pid, engine.worker_pid
        assert engine.stop() == 0
    told = [b["action"] for b in hooks.of("s") if b["client_id"] == owner]
    assert told[-2:] == ["on_unpublish", "on_close"]
    assert "on_stop" in hooks.actions("s")
    assert start_ticks(nginx) is None
    assert start_ticks(worker) is None


def test_a_changed_setting_means_another_nginx(own_engine: "Engine", tools: "Tools") -> None:
    engine = own_engine
    nginx = engine.nginx_pid
    engine.kill()
    env = engine.settings.data.env_file
    env.write_text(env.read_text() + "STREAMSTEAD_HLS_WINDOW_S=20\n")
    engine.start()
    assert engine.nginx_pid != nginx
    assert start_ticks(nginx) is None


def test_publishers_are_refused_while_the_control_plane_is_away(
    own_engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    engine = own_engine
    live = publish(engine.rtmp("s", f"secret={tools.SECRET}"))
    engine.until_live("s")
    engine.hooks.close()
    assert publish(engine.rtmp("other", f"secret={tools.SECRET}")).wait(60) != 0
    assert engine.http.get(engine.flv("s")).status_code == 403
    assert live.poll() is None
    assert engine.stream("s") is not None
    assert engine.clients("other") == []


def test_no_root_is_needed_for_anything(
    humble_engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    engine, hooks = humble_engine, humble_engine.hooks
    publish(engine.rtmp("s", f"secret={tools.SECRET}"))
    hooks.wait("s", "on_hls")
    assert engine.playlist("s").stat().st_uid == 65534
    assert tools.probe(str(engine.playlist("s"))) == ["aac", "h264"]
    nginx = engine.nginx_pid
    engine.kill()
    engine.start()
    assert engine.nginx_pid == nginx
    assert engine.stream("s") is not None
    assert engine.stop() == 0
    assert start_ticks(nginx) is None


def test_a_data_directory_of_someone_else_is_a_plain_error(humble_engine: "Engine") -> None:
    engine = humble_engine
    engine.stop()
    os.chown(engine.settings.data.html, 0, 0)
    os.rmdir(engine.settings.data.html / "live")
    failed = run_briefly(engine)
    assert failed.returncode == 78
    assert "cannot use its folders" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_second_engine_on_the_same_data_is_refused(own_engine: "Engine") -> None:
    rival = run_briefly(own_engine)
    assert rival.returncode == 78
    assert "another engine" in rival.stderr


def test_a_taken_port_ends_the_start_with_its_reason(own_engine: "Engine") -> None:
    own_engine.stop()
    with socket.create_server(("127.0.0.1", own_engine.settings.engine_notify_port)):
        rival = run_briefly(own_engine)
    assert rival.returncode == 78
    assert "cannot listen" in rival.stderr


def run_briefly(engine: "Engine") -> subprocess.CompletedProcess[str]:
    argv = ["timeout", "60", *engine.argv()]
    return subprocess.run(argv, capture_output=True, text=True, check=False)

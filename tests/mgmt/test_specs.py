"""What the specifications of the real programs say."""

from dataclasses import replace
from pathlib import Path

import pytest

from streamstead.core.settings import Settings
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.spec import Mount, RuntimeName, ServiceSpec
from streamstead.mgmt.services.common import FrontDoors, MediaServer, Plan
from streamstead.mgmt.services.plan import SERVICE_NAMES, build_specs, runtime_of

DROPS = Account("nobody", 65534, 65534, (65534,))


@pytest.fixture
def plan(settings: Settings) -> Plan:
    return Plan(settings, DROPS, RuntimeName.DOCKER, MediaServer.SRS, FrontDoors(), ipv6=True)


def by_name(plan: Plan) -> dict[str, ServiceSpec]:
    return {spec.name: spec for spec in build_specs(plan)}


def test_every_program_is_there_in_its_order(plan: Plan) -> None:
    specs = build_specs(plan)
    assert {spec.name for spec in specs} == set(SERVICE_NAMES)
    assert [spec.order for spec in specs] == sorted(spec.order for spec in specs)
    assert [spec.name for spec in specs][:3] == ["redis", "hooks", "media"]
    assert [spec.name for spec in specs][-3:] == ["front", "prometheus", "node_exporter"]


def test_what_we_wrote_is_always_a_process(plan: Plan) -> None:
    kinds = {name: runtime_of(spec, plan) for name, spec in by_name(plan).items()}
    processes = {name for name, kind in kinds.items() if kind is RuntimeName.PROCESS}
    assert processes == {"hooks", "recorder", "platform", "ffmpeg_forward"}


def test_the_embedded_engine_is_a_process(plan: Plan) -> None:
    plan = replace(plan, runtime=RuntimeName.PROCESS, media_server=MediaServer.EMBEDDED)
    media = by_name(plan)["media"]
    assert runtime_of(media, plan) is RuntimeName.PROCESS
    assert media.argv[1:3] == ("serve", "engine")


@pytest.mark.parametrize("server", list(MediaServer))
def test_a_setting_of_the_page_never_restarts_media(plan: Plan, server: MediaServer) -> None:
    before = replace(plan, media_server=server)
    other = plan.settings.model_copy(update={"log_level": "debug", "platform_port": 9})
    after = replace(before, settings=other)
    assert by_name(before)["media"].hash == by_name(after)["media"].hash
    assert by_name(before)["platform"].hash != by_name(after)["platform"].hash


@pytest.mark.parametrize("server", list(MediaServer))
def test_another_rtmp_port_restarts_media(plan: Plan, server: MediaServer) -> None:
    before = replace(plan, media_server=server)
    after = replace(before, settings=plan.settings.model_copy(update={"rtmp_port": 9}))
    assert by_name(before)["media"].hash != by_name(after)["media"].hash


def test_another_release_restarts_our_services_but_not_the_engine(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(plan, runtime=RuntimeName.PROCESS, media_server=MediaServer.EMBEDDED)
    before = by_name(plan)
    monkeypatch.setattr("sys.prefix", "/releases/next/venv")
    after = by_name(plan)
    changed = {name for name in SERVICE_NAMES if before[name].hash != after[name].hash}
    assert changed == {"hooks", "recorder", "platform", "ffmpeg_forward"}


def test_new_public_ports_reload_the_front(plan: Plan) -> None:
    one = by_name(plan)["front"]
    two = by_name(replace(plan, doors=FrontDoors(80, 443)))["front"]
    assert one.hash == two.hash
    assert one.files_digest != two.files_digest


def test_containers_see_their_own_files_alone(plan: Plan) -> None:
    for name in ("redis", "media", "front"):
        spec = by_name(plan)[name]
        shown = {mount.path for mount in spec.mounts}
        assert plan.data.root not in shown
        assert plan.data.config not in shown
        assert plan.data.run not in shown
        writable = {mount.path for mount in spec.mounts if mount.writable}
        assert plan.data.html not in writable or name == "media"


def test_media_finds_its_files_where_everyone_else_does(plan: Plan) -> None:
    media = by_name(plan)["media"]
    html = next(mount for mount in media.mounts if mount.path == plan.data.html)
    assert html.writable
    assert html.at == ""
    assert f"hls_path {plan.data.html};" in media.files[0].text


def test_the_front_sees_the_gates_and_may_write_about_sessions(plan: Plan) -> None:
    front = by_name(plan)["front"]
    assert Mount(plan.data.gates) in front.mounts
    assert Mount(plan.data.record) in front.mounts
    assert Mount(plan.data.vod_gates) in front.mounts
    assert Mount(plan.data.hls_log.parent, writable=True) in front.mounts
    text = front.files[0].text
    assert f'-f "{plan.data.gates}/' in text
    assert f'access_log "{plan.data.hls_log}"' in text
    assert f'-f "{plan.data.vod_gates}/' in text
    assert f'access_log "{plan.data.vod_log}"' in text


def test_segments_of_srs_are_named_by_one_number(plan: Plan) -> None:
    assert "hls_ts_file [app]/[stream]-[timestamp].ts;" in by_name(plan)["media"].files[0].text


def test_srs_asks_the_hooks_with_the_hook_secret(plan: Plan) -> None:
    text = by_name(plan)["media"].files[0].text
    base = f"http://127.0.0.1:{plan.settings.hooks_port}/terraform/v1/hooks/srs"
    for action in ("connect", "close", "publish", "unpublish", "play", "stop", "dvr"):
        assert f"on_{action} {base}/verify?hook=hook-secret;" in text
    assert f"on_hls {base}/hls?hook=hook-secret;" in text


def test_srs_records_only_when_told_to(plan: Plan) -> None:
    quiet = by_name(plan)["media"]
    assert "dvr_path" not in quiet.files[0].text
    assert plan.data.dvr not in {mount.path for mount in quiet.mounts}
    settings = plan.settings.model_copy(update={"dvr": True})
    media = by_name(replace(plan, settings=settings))["media"]
    assert f"dvr_path {plan.data.dvr}/[app]/[stream].[timestamp].flv;" in media.files[0].text
    assert Mount(plan.data.dvr, writable=True) in media.mounts


def test_a_real_srs_as_a_process_runs_in_its_own_folder(plan: Plan) -> None:
    settings = plan.settings.model_copy(update={"srs_bin": Path("/srv/srs/objs/srs")})
    media = by_name(replace(plan, settings=settings, runtime=RuntimeName.PROCESS))["media"]
    assert media.argv[0] == "/srv/srs/objs/srs"
    assert media.workdir == "/srv/srs"


def test_only_the_front_keeps_root(plan: Plan) -> None:
    kept = {name for name, spec in by_name(plan).items() if spec.privileged}
    assert kept == {"front"}
    none = replace(plan, account=Account("", 1000, 1000))
    assert not any(spec.privileged for spec in build_specs(none))

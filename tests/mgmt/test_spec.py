from dataclasses import replace
from pathlib import Path

from streamstead.mgmt.runtime.spec import ConfigFile, HealthCheck, HttpProbe, Mount, ServiceSpec

HEALTH = HealthCheck(HttpProbe("/", port=1))
SPEC = ServiceSpec("media", ("srs", "-c", "conf"), HEALTH, order=3)


def test_equal_specs_have_equal_hashes() -> None:
    assert SPEC.hash == ServiceSpec("media", ("srs", "-c", "conf"), HEALTH, order=3).hash


def test_everything_that_needs_a_restart_changes_the_hash() -> None:
    changed = [
        replace(SPEC, argv=("srs", "-c", "other")),
        replace(SPEC, image="ossrs/srs:6"),
        replace(SPEC, privileged=True),
        replace(SPEC, runs_as="1:1"),
        replace(SPEC, files=(ConfigFile(Path("/conf"), "listen 1;"),)),
        replace(SPEC, mounts=(Mount(Path("/html")),)),
        replace(SPEC, memory_mb=1),
    ]
    assert len({SPEC.hash, *(spec.hash for spec in changed)}) == len(changed) + 1


def test_how_it_is_watched_does_not_change_the_hash() -> None:
    patient = HealthCheck(HttpProbe("/", port=1), fail_s=99)
    assert replace(SPEC, health=patient, order=9, stop_grace_s=1).hash == SPEC.hash


def test_files_that_are_reloaded_do_not_change_the_hash() -> None:
    one = replace(SPEC, reload_signal=1, files=(ConfigFile(Path("/conf"), "a"),))
    two = replace(SPEC, reload_signal=1, files=(ConfigFile(Path("/conf"), "b"),))
    assert one.hash == two.hash
    assert one.files_digest != two.files_digest


def test_an_identity_stands_for_a_path_that_changes() -> None:
    one = replace(SPEC, argv=("/releases/1/srs",), identity=("engine",))
    two = replace(SPEC, argv=("/releases/2/srs",), identity=("engine",))
    assert one.hash == two.hash


def test_a_spec_does_not_show_its_secrets() -> None:
    spec = replace(
        SPEC, files=(ConfigFile(Path("/conf"), "requirepass hidden"),), env=(("S", "x"),)
    )
    assert "hidden" not in repr(spec)
    assert "'S'" not in repr(spec)

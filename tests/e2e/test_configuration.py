"""The configuration as one text: written out, lost, and put in force again."""

import json
from typing import Any

import pytest
import yaml

from .house import PASSWORD, Api, House

KEY = "a-key-that-nobody-may-see"


@pytest.fixture(scope="module")
def house(first_house: House) -> House:
    return first_house


@pytest.fixture
def stocked(api: Api) -> Api:
    """A house in which something of every kind was set."""
    api.call("/hooks/streams/create", stream="configured", title="Evening")
    rule = {"app": "live", "stream": "configured", "kind": "pass"}
    api.call("/hooks/play/rule/update", **rule, passphrase="open sesame")
    source = {"app": "live", "stream": "configured"}
    made = api.call("/ffmpeg/programme/create", label="Configured", sources=[source])
    api.call(
        "/ffmpeg/outputs/create",
        platform="custom",
        label="Configured output",
        server="rtmp://127.0.0.1:9/live",
        key=KEY,
        enabled=False,
        source={"kind": "programme", "programme": made["id"]},
    )
    weekly = {"days": [5], "start": "20:00", "end": "22:00", "zone": "Europe/Berlin"}
    api.call("/recordings/schedules/create", label="Configured", glob="live/*", **weekly)
    hook = {"url": "https://example.com/hook", "types": ["stream.published"]}
    api.call("/mgmt/hooks/targets/create", label="Configured", **hook)
    api.call("/mgmt/traffic/update", quota_gb=1000)
    return api


def empty(api: Api) -> None:
    for output in api.call("/ffmpeg/outputs/list")["outputs"]:
        if output["label"] == "Configured output":
            api.call("/ffmpeg/outputs/remove", id=output["id"])
    for path, key in (
        ("ffmpeg/programme", "programmes"),
        ("recordings/schedules", "schedules"),
        ("mgmt/hooks/targets", "targets"),
    ):
        for one in api.call(f"/{path}/list")[key]:
            if one["label"] == "Configured":
                api.call(f"/{path}/remove", id=one["id"])
    api.call("/hooks/streams/remove", app="live", stream="configured")
    api.call("/mgmt/traffic/update", quota_gb=None)


def export(house: House) -> tuple[str, dict[str, Any]]:
    done = house.cli("config", "export")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, yaml.safe_load(done.stdout)


def test_what_was_exported_brings_an_emptied_house_back(
    house: House, stocked: Api, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text, before = export(house)
    assert KEY not in text
    assert "sesame" not in text
    output = next(one for one in before["outputs"] if one["label"] == "Configured output")
    assert output["source"]["programme"] == "Configured"
    assert output["key"] == {"env": "SECRET_OUTPUTS_CONFIGURED_OUTPUT_KEY"}

    # Put in force where it is in force already, it changes nothing.
    path = tmp_path_factory.mktemp("configuration") / "house.yaml"
    path.write_text(text)
    done = house.cli("config", "apply", str(path))
    assert "everything is so already" in done.stdout, done.stdout + done.stderr

    empty(stocked)
    secret = tmp_path_factory.mktemp("secret") / "key"
    secret.write_text(KEY + "\n")
    output["key"] = {"file": str(secret)}
    phrase = tmp_path_factory.mktemp("secret") / "phrase"
    phrase.write_text("open sesame\n")
    stream = next(one for one in before["streams"] if one["stream"] == "configured")
    stream["play"]["passphrase"] = {"file": str(phrase)}
    path.write_text(yaml.safe_dump(before))
    told = json.loads(house.cli("config", "apply", str(path), "--dry-run", "--json").stdout)
    assert {one["section"] for one in told["changes"]} >= {"streams", "programmes", "outputs"}
    assert KEY not in json.dumps(told)
    assert "live/configured" not in json.dumps(stocked.call("/hooks/streams/list"))

    done = house.cli("config", "apply", str(path))
    assert done.returncode == 0, done.stdout + done.stderr
    _, after = export(house)
    assert after == yaml.safe_load(text)
    empty(stocked)


def test_a_new_output_whose_key_is_not_given_is_told_and_not_made(house: House, api: Api) -> None:
    wanted = {
        "label": "No key",
        "platform": "custom",
        "server": "rtmp://127.0.0.1:9/live",
        "source": {"kind": "stream", "app": "live", "stream": "x"},
        "key": {"env": "SECRET_OUTPUTS_NO_KEY_KEY"},
    }
    text = yaml.safe_dump({"version": 1, "outputs": [wanted]})
    told = api.call("/mgmt/config/apply", yaml=text, password=PASSWORD)
    assert told["changes"] == []
    assert "SECRET" in told["problems"][0] or "key" in told["problems"][0]
    labels = [one["label"] for one in api.call("/ffmpeg/outputs/list")["outputs"]]
    assert "No key" not in labels


def test_the_page_can_write_and_apply_the_text_too(house: House, api: Api) -> None:
    text = api.call("/mgmt/config/export")["yaml"]
    found = yaml.safe_load(text)
    found["publishing"]["max_streams"] += 7
    told = api.call("/mgmt/config/apply", yaml=yaml.safe_dump(found), dry_run=True)
    assert [one["section"] for one in told["changes"]] == ["publishing"]
    assert told["changes"][0]["after"] == {"max_streams": found["publishing"]["max_streams"]}
    assert api.call("/hooks/publish/rules/query")["max_streams"] != told["changes"][0]["after"]


def test_a_session_alone_changes_nothing_that_makes_somebody_root(house: House, api: Api) -> None:
    api_secret = {"Authorization": f"Bearer {house.settings()['STREAMSTEAD_API_SECRET']}"}
    place = {"source": "github", "url": "somebody/streamstead"}
    before = api.call("/mgmt/upgrade/settings/query")
    for path, body in (
        ("/mgmt/pubkey", {"enabled": True, "key": "ssh-ed25519 AAAA"}),
        ("/mgmt/upgrade/settings/update", place),
        ("/mgmt/upgrade/rollback", {}),
        ("/mgmt/backup/restore", {"id": "20260101-000000-aa"}),
        ("/mgmt/config/apply", {"yaml": "version: 1"}),
    ):
        for headers in ({}, api_secret):
            reply = api.client.post(path, json=body, headers=headers)
            said = reply.json()["data"]
            assert (reply.status_code, said["key"]) == (403, "password_needed"), path
            assert "`password`" in said["help"]
    wrong = api.client.post("/mgmt/upgrade/settings/update", json={**place, "password": "wrong"})
    assert (wrong.status_code, wrong.json()["data"]["key"]) == (403, "password_wrong")
    assert api.call("/mgmt/upgrade/settings/query") == before
    api.call("/mgmt/upgrade/settings/update", **place, password=PASSWORD)
    # Root on the machine is not asked.
    path = house.data / "releases.yaml"
    path.write_text(yaml.safe_dump({"version": 1, "upgrades": {"source": "index", "url": ""}}))
    done = house.cli("config", "apply", str(path))
    path.unlink()
    assert done.returncode == 0, done.stdout + done.stderr
    assert api.call("/mgmt/upgrade/settings/query") == before
    assert PASSWORD not in (house.data / "logs" / "mgmt.log").read_text()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[", "no YAML"),
        ("version: 2", "no configuration of version 1"),
        ("version: 1\nnonsense: 1", "no section 'nonsense'"),
    ],
)
def test_a_text_that_is_none_is_refused_in_words(house: House, text: str, words: str) -> None:
    path = house.data / "wrong.yaml"
    path.write_text(text)
    done = house.cli("config", "apply", str(path))
    path.unlink()
    assert done.returncode != 0
    assert words in done.stdout + done.stderr

"""What is stored of webhooks is read by older and newer versions, and messages hold anything."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from streamstead.core.events import Event
from streamstead.core.hook_message import delivery_id, message
from streamstead.core.hook_queue import DeliveryState, HookDelivery
from streamstead.core.hook_targets import HookTarget

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=2000),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=50), inner),
    max_leaves=20,
)


def test_fields_of_another_version_are_ignored() -> None:
    target = HookTarget(id="a", label="b", url="https://c", types=("x",), created_ms=1)
    stored = orjson.loads(target.to_json()) | {"colour": "red"}
    assert HookTarget.from_json(orjson.dumps(stored)) == target
    delivery = HookDelivery(
        state=DeliveryState.PENDING,
        id="a.1",
        target_id="a",
        event_id="e",
        type="t",
        stream="",
        at_ms=1,
        first_ms=1,
        request="{}",
    )
    stored = orjson.loads(delivery.to_json()) | {"colour": "red"}
    assert HookDelivery.from_json(orjson.dumps(stored), None) == delivery


def test_the_state_stands_first_where_the_queue_changes_it() -> None:
    delivery = HookDelivery(DeliveryState.PENDING, "a.1", "a", "e", "t", "", 1, 1, "{}")
    assert delivery.to_json().startswith('{"state":"pending",')


def test_ids_sort_as_events_follow_each_other() -> None:
    def of(entry_id: str, event_id: str) -> str:
        return delivery_id("t", Event(entry_id, event_id, "x", 1, "", {}))

    entries = ["999-0", "1795246024277-0", "1795246024277-1", "1795246024277-12", "1795246024278-0"]
    ids = [of(entry, f"e{number}") for number, entry in enumerate(reversed(entries))]
    assert ids == sorted(ids, reverse=True)
    assert of("5-1", "e") == of("5-1", "e") != of("5-1", "f")


@given(st.dictionaries(st.text(max_size=50), ANYTHING, max_size=30), st.text(max_size=300))
def test_a_message_is_small_json_whatever_happened(data: dict[str, object], url: str) -> None:
    body = message("r", "e", "stream.published", 1, url, data)
    assert len(body.encode()) < 8192
    said = orjson.loads(body)
    assert said["action"] == "on_publish"
    assert all(isinstance(said[name], str) for name in ("vhost", "app", "stream", "param"))


def test_a_finished_recording_is_told_with_the_fields_of_oryx() -> None:
    data = {
        "uuid": "u1",
        "app": "live",
        "stream": "cam",
        "artifact_code": 0,
        "artifact_path": "/data/record/u1/index.mp4",
        "artifact_url": "/terraform/v1/hooks/record/hls/u1/index.mp4",
    }
    raw = message("r", "e", "recording.finished", 1, "live/cam", data, "o", "http://a.example/")
    said = orjson.loads(raw)
    assert said["action"] == "on_record_end"
    assert (said["uuid"], said["artifact_code"]) == ("u1", 0)
    assert said["artifact_path"] == "/data/record/u1/index.mp4"
    assert said["artifact_url"] == "http://a.example/terraform/v1/hooks/record/hls/u1/index.mp4"

"""Whatever is sent, the API answers as its description says; schemathesis makes the requests."""

from collections.abc import Callable, Iterator

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from .house import API, House

LEFT_OUT = (
    "/mgmt/live$|/tencent/cam/secret$|/storage/targets/test$"
    "|/ffmpeg/outputs/test$|/ffmpeg/vlive/ytdl$|/mgmt/notify/test$"
    "|/mgmt/logs/live$|/mgmt/backup/restore$|/mgmt/backup/create$|/mgmt/support-bundle$"
    "|/mgmt/upgrade$|/mgmt/upgrade/(rollback|check|progress)$|/mgmt/upgrade/settings/update$"
    "|/mgmt/letsencrypt$|/mgmt/letsencrypt/check$|/mgmt/auto-self-signed-certificate$"
    "|/mgmt/containers$|/mgmt/containers/progress$|/host/exec$"
    "|/mgmt/(doctor/run|pubkey|hlsll/update|hphls/update|front/update|nginx/(hls|homepage|proxy))$"
)
"""Some never end or change the whole house; the others would ask servers that are not ours."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def fuzzed_house(first_house: House, new_house: Callable[..., House]) -> Iterator[House]:
    """One of its own: the requests change secrets and switch things off."""
    house = new_house("fuzz")
    house.reuse_release(first_house)
    done = house.bootstrap()
    assert done.returncode == 0, house.output
    yield house
    house.stop()


def test_every_answer_is_one_the_description_names(fuzzed_house: House) -> None:
    document = httpx.get(
        f"{fuzzed_house.base}{API}/openapi.json", trust_env=False, timeout=60
    ).json()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=fuzzed_house.base)
    secret = fuzzed_house.settings()["STREAMSTEAD_API_SECRET"]
    headers = {"Authorization": f"Bearer {secret}"}
    tried = 0
    for found in schema.exclude(path_regex=LEFT_OUT).get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=8,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def check(case: schemathesis.Case) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS, timeout=60)

        check()
        tried += 1
    assert tried >= 20

"""The other rendered configurations, loaded by the real programs."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from streamstead.core.settings import Settings
from streamstead.mgmt.config_files import ConfigFiles
from streamstead.mgmt.first_start import prepare
from streamstead.mgmt.health import Verdict, probe
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.process import ProcessRuntime
from streamstead.mgmt.runtime.spec import RedisProbe, RuntimeName, ServiceSpec
from streamstead.mgmt.services.common import MediaServer, Plan
from streamstead.mgmt.services.media import media_spec
from streamstead.mgmt.services.redis import redis_spec

pytestmark = pytest.mark.integration

SRS = os.environ.get("STREAMSTEAD_SRS_BIN", "/opt/srs/objs/srs")


@pytest.fixture
async def runtime(settings: Settings, account: Account) -> AsyncIterator[ProcessRuntime]:
    prepare(settings.data, account)
    made = ProcessRuntime(settings.data, account)
    yield made
    for name in ("redis", "media"):
        await made.stop(name, 5)
    await made.close()


async def become_good(spec: ServiceSpec) -> None:
    async with asyncio.timeout(20):
        while (await probe(spec.health)).verdict is not Verdict.GOOD:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")
async def test_redis_keeps_its_data_and_wants_the_password(
    runtime: ProcessRuntime, settings: Settings, account: Account
) -> None:
    spec = redis_spec(Plan(settings, account, RuntimeName.PROCESS, MediaServer.EMBEDDED))
    ConfigFiles(spec, settings.data, account).write()
    await runtime.ensure(spec)
    await become_good(spec)
    assert isinstance(spec.health.probe, RedisProbe)
    wrong = replace(spec.health, probe=replace(spec.health.probe, password="guess"))
    assert (await probe(wrong)).detail == "refuses our password"
    await runtime.signal("redis", 9)
    async with asyncio.timeout(10):
        await anext(runtime.events())
    await runtime.ensure(spec)
    await become_good(spec)
    assert (settings.data.redis / "appendonlydir").is_dir()


@pytest.mark.skipif(not Path(SRS).is_file(), reason="no real SRS: STREAMSTEAD_SRS_BIN names none")
async def test_a_real_srs_loads_the_configuration(
    runtime: ProcessRuntime, settings: Settings, account: Account
) -> None:
    with_srs = settings.model_copy(update={"srs_bin": Path(SRS)})
    spec = media_spec(Plan(with_srs, account, RuntimeName.PROCESS, MediaServer.SRS))
    ConfigFiles(spec, settings.data, account).write()
    await runtime.ensure(spec)
    await become_good(spec)
    await runtime.stop("media", 5)
    assert not [line for line in await runtime.logs("media", 50) if "ERROR" in line]

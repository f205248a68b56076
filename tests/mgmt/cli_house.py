"""Commands run against programs that really run, with a data directory of their own."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from redis import Redis as SyncRedis

from streamstead.core.settings import Settings
from streamstead.mgmt.cli.main import main

from ..conftest import wait_until

Captured = pytest.CaptureFixture[str]


@dataclass
class Cli:
    """Runs commands against a house of its own."""

    settings: Settings
    redis: SyncRedis
    captured: Captured

    def run(self, *words: str) -> str:
        """Run one command that must succeed; return what it printed."""
        status = main([*words, "--data", str(self.settings.data_dir)])
        said = self.captured.readouterr()
        assert status == 0, said.err
        return said.out

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json"))

    def fails(self, *words: str) -> list[str]:
        """Run one command that must fail; return its lines of reason and advice."""
        status = main([*words, "--data", str(self.settings.data_dir)])
        assert status == 1
        return self.captured.readouterr().err.splitlines()

    def refuses(self, *words: str) -> str:
        """Run one command that must end with status 1; return what it printed."""
        assert main([*words, "--data", str(self.settings.data_dir)]) == 1
        return self.captured.readouterr().out


@pytest.fixture
def data(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the settings where commands read them; nothing runs yet."""
    for name in list(os.environ):
        if name.startswith("STREAMSTEAD_"):
            monkeypatch.delenv(name)
    lines = [
        f"STREAMSTEAD_{name.upper()}={value}"
        for name, value in settings.model_dump().items()
        if name.endswith("_port")
    ]
    for name in ("api_secret", "hook_secret", "redis_password"):
        lines.append(f"STREAMSTEAD_{name.upper()}={getattr(settings, name).get_secret_value()}")
    lines.append("STREAMSTEAD_CANDIDATE=192.0.2.7")
    settings.data.env_file.write_text("\n".join(lines) + "\n")
    settings.data.master_key.write_bytes(b"k" * 32)
    return settings.data_dir


@contextmanager
def serving(name: str, data: Path, port: int) -> Iterator[None]:
    """Run one of our services until it answers, and end it."""
    program = str(Path(sys.executable).with_name("streamstead"))
    argv = [program, "serve", name, "--data", str(data)]
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(port), f"{name} answers", 60)
        yield
    finally:
        child.terminate()
        child.wait(30)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as reply:
            return bool(reply.status == 200)
    except (URLError, OSError):
        return False

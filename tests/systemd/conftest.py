"""One machine for a whole module, with releases that somebody has signed and published on it."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ..conftest import need, need_engine
from .machine import CACHE, Machine, image

ROOT = Path(__file__).resolve().parent.parent.parent
SHELF = "/srv/releases"
LEFT_OUT = shutil.ignore_patterns("node_modules", "__pycache__", "dist", "*.egg-info")
HIDDEN_PARTS = {".dockerignore", ".npmrc"}
"""What begins with a dot and belongs to the project all the same."""


def _left_out(folder: str, names: list[str]) -> set[str]:
    hidden = {one for one in names if one.startswith(".")} - HIDDEN_PARTS
    return hidden | LEFT_OUT(folder, names)


@dataclass
class Publisher:
    """Makes releases of this checkout and publishes them on a machine."""

    folder: Path

    def __post_init__(self) -> None:
        self.out, self.key = self.folder / "out", self.folder / "key"
        # Nobody looks at the page here, and its build takes longer than everything else.
        self.page = self.folder / "page"
        self.page.mkdir()
        (self.page / "index.html").write_text("<!doctype html><title>a page</title>")
        argv = [need("minisign"), "-GW", "-p", f"{self.key}.pub", "-s", str(self.key)]
        subprocess.run(argv, check=True, capture_output=True)
        self.public = Path(f"{self.key}.pub").read_text().splitlines()[-1]

    def release(
        self, version: str, spoil: Callable[[Path], None] = lambda _tree: None, *options: str
    ) -> Path:
        """Make, sign and enter one; ``spoil`` changes the checkout it is made of."""
        tree = self.folder / f"checkout-{version}"
        shutil.copytree(ROOT, tree, ignore=_left_out, symlinks=True)
        project = tree / "pyproject.toml"
        text = re.sub(
            r'^version = ".*"$', f'version = "{version}"', project.read_text(), flags=re.M
        )
        project.write_text(text)
        spoil(tree)
        argv = [tree / "auto/make-release", "--key", self.key, "--out", self.out]
        done = subprocess.run(
            [*argv, "--page", self.page, *options],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        shutil.rmtree(tree)
        return self.out / f"streamstead-{version}.tar.gz"

    def publish(self, machine: Machine) -> None:
        machine.must("mkdir", "-p", SHELF)
        machine.copy(f"{self.out}/.", SHELF)


def wheels() -> Path:
    """Return a folder with the packages of the lock file; fetched once."""
    import hashlib
    import sys

    lock = ROOT / "requirements.lock"
    folder = CACHE / f"wheels-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if not folder.exists():
        part = folder.with_suffix(".part")
        argv = [sys.executable, "-m", "pip", "download", "-q", "--require-hashes"]
        argv += ["--only-binary", ":all:", "-r", str(lock), "-d", str(part)]
        subprocess.run(argv, check=True, capture_output=True)
        part.rename(folder)
    return folder


@pytest.fixture(scope="module")
def publisher(tmp_path_factory: pytest.TempPathFactory) -> Publisher:
    return Publisher(tmp_path_factory.mktemp("publisher"))


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    need_engine()
    image()
    made = Machine("streamstead-test-systemd")
    yield made
    made.remove()

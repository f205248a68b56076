"""Write what describes a release: ``release.json`` inside its archive, its entry in ``index.json``.

Run by auto/make-release, which signs. Standard library only. The format: mgmt/upgrade/index.py.
"""

import argparse
import hashlib
import json
import sys
import time
import tomllib
from pathlib import Path
from typing import Any


def hash_of_folder(folder: Path) -> str:
    """Return 16 hex digits over names and contents."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def write_manifest(tree: Path, minimum_from: str) -> None:
    """The page is known by its hash: its sources are not in the archive."""
    project = tomllib.loads((tree / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    manifest = {
        "version": project["version"],
        "minimum_from": minimum_from,
        "python": project["requires-python"],
        "page": hash_of_folder(tree / "ui" / "dist"),
    }
    (tree / "release.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def enter(given: argparse.Namespace) -> None:
    """Add the archive to the index, or replace its entry."""
    path: Path = given.out / "index.json"
    index: dict[str, Any] = {"format": 1, "stable": "", "latest": "", "releases": []}
    if path.exists():
        index = json.loads(path.read_text(encoding="utf-8"))
    entry = {
        "version": given.version,
        "url": given.archive.name,
        "bytes": given.archive.stat().st_size,
        "sha256": hashlib.sha256(given.archive.read_bytes()).hexdigest(),
        "minimum_from": given.minimum_from,
        "notes": given.notes.read_text(encoding="utf-8") if given.notes else "",
    }
    others = [one for one in index["releases"] if one["version"] != given.version]
    index["releases"] = [*others, entry]
    if given.channel in ("latest", "stable") or not index["latest"]:
        index["latest"] = given.version
    if given.channel == "stable" or not index["stable"]:
        index["stable"] = given.version
    if given.rotate:
        key = given.rotate.read_text(encoding="utf-8")
        signature = given.rotate.with_name(given.rotate.name + ".minisig")
        rotation = {"key": key, "signature": signature.read_text(encoding="utf-8")}
        index["rotations"] = [*index.get("rotations", []), rotation]
    if given.revoke:
        # The last line: a .pub file begins with a comment.
        key = given.revoke.read_text(encoding="utf-8").strip().splitlines()[-1].strip()
        index["revoked_keys"] = sorted({*index.get("revoked_keys", []), key})
    index["made_ms"] = time.time_ns() // 1_000_000
    path.write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    manifest = verbs.add_parser("manifest")
    manifest.add_argument("tree", type=Path)
    manifest.add_argument("--minimum-from", default="0.0.0")
    entry = verbs.add_parser("enter")
    entry.add_argument("out", type=Path)
    entry.add_argument("archive", type=Path)
    entry.add_argument("--version", required=True)
    entry.add_argument("--channel", choices=["latest", "stable", "none"], default="latest")
    entry.add_argument("--minimum-from", default="0.0.0")
    entry.add_argument("--notes", type=Path)
    entry.add_argument("--rotate", type=Path)
    entry.add_argument("--revoke", type=Path)
    given = parser.parse_args()
    if given.verb == "manifest":
        write_manifest(given.tree, given.minimum_from)
    else:
        enter(given)
    return 0


if __name__ == "__main__":
    sys.exit(main())

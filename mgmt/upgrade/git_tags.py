"""Signed tags of a repository as releases: ``v1.2.3``, signed by an SSH key."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from ...core.errors import Invalid, NotSupported, Upstream
from ...core.redact import redact_text
from .errors import ReleaseRefused
from .version import Version

LIST_S = 60.0
CLONE_S = 900.0
_TAG = re.compile(r"refs/tags/(v\d[^\s^]*)$")
_SCHEMES = ("https", "ssh", "file")


def check_repository(url: str) -> str:
    """Return the address. Raises ReleaseRefused for a way that anybody could listen on."""
    if url.startswith("/"):
        url = f"file://{url}"
    if urlsplit(url).scheme not in _SCHEMES:
        raise ReleaseRefused(
            "this is no address of a repository that releases are taken from",
            "Give OWNER/NAME, or an address that begins with https:// or ssh://.",
            key="release_address",
        )
    return url


def list_versions(url: str) -> list[Version]:
    """Return the versions that have a tag, oldest first. Raises Upstream, NotSupported."""
    said = _git(["ls-remote", "--tags", "--refs", "--", check_repository(url), "v*"], LIST_S)
    found: list[Version] = []
    for line in said.splitlines():
        match = _TAG.search(line)
        if match is None:
            continue
        try:
            found.append(Version.parse(match[1]))
        except Invalid:
            continue  # tags of another kind
    return sorted(set(found))


def fetch_tag(url: str, version: Version, into: Path) -> None:
    """Clone the tag, and nothing before it. Raises Upstream, NotSupported."""
    argv = [
        "clone",
        "--quiet",
        "--depth",
        "1",
        "--branch",
        f"v{version}",
        "--no-recurse-submodules",
    ]
    _git([*argv, "--", check_repository(url), str(into)], CLONE_S)


def verify_tag(tree: Path, version: Version, keys: tuple[str, ...]) -> None:
    """Raises ReleaseRefused unless one of the SSH keys has signed the tag and what is checked out
    is what it names."""
    if shutil.which("ssh-keygen") is None:
        raise NotSupported(
            "ssh-keygen is not installed, which verifies signed tags",
            "Install openssh-client, or take releases from an index.",
        )
    if not keys:
        raise ReleaseRefused(
            "no SSH key is trusted, so no tag can be verified",
            "Add the publisher's SSH public key (ssh-ed25519 ...) to the keys of upgrades.",
            key="signature_key_unknown",
        )
    with tempfile.NamedTemporaryFile("w", suffix=".allowed") as allowed:
        allowed.writelines(f'* namespaces="git" {key}\n' for key in keys)
        allowed.flush()
        options = ["-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={allowed.name}"]
        try:
            _git([*options, "verify-tag", f"v{version}"], LIST_S, tree)
        except Upstream as exc:
            raise ReleaseRefused(
                f"the tag v{version} is not signed by a key that this house trusts: {exc.message}",
                "Nothing of it was used. Compare the publisher's key, then add it.",
                key="signature_wrong",
            ) from None
    tagged = _git(["rev-parse", f"v{version}^{{tree}}"], LIST_S, tree)
    if tagged != _git(["rev-parse", "HEAD^{tree}"], LIST_S, tree):
        raise ReleaseRefused(
            f"what was fetched is not what the tag v{version} names",
            "Nothing of it was used.",
            key="signature_wrong",
        )


def _git(words: list[str], timeout_s: float, tree: Path | None = None) -> str:
    program = shutil.which("git")
    if program is None:
        raise NotSupported(
            "git is not installed, which fetches tags of a repository",
            "Install git, or take releases from an index.",
        )
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": ":".join(_SCHEMES),
        "LC_ALL": "C.UTF-8",
    }
    # A repository of somebody else's account is one that is meant here, not met by accident.
    argv = [program, "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", *words]
    try:
        done = subprocess.run(
            argv,
            env=environment,
            cwd=tree or "/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Upstream(
            f"the repository did not answer within {timeout_s:.0f} s", "Try again later."
        ) from None
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        said = redact_text(lines[-1] if lines else "no reason given")
        raise Upstream(f"git says: {said[:300]}", "Check the address of the repository.")
    return done.stdout.strip()

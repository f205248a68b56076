"""Local images under the names of the real ones: no registry can be reached by every machine.

Redis and nginx come from Debian's packages, Prometheus and its exporter from this machine, certbot
from the release; the embedded engine stands in for SRS unless the real image is there. All of ours
carry the label ``streamstead.test``.
"""

import fcntl
import hashlib
import io
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import ImageNotFound

from ..conftest import need, need_engine
from ..mgmt.conftest import rootfs
from .house import House

LABEL = "streamstead.test"
BASE_TAR = Path("/var/cache/streamstead-tests/bookworm-minbase.tar")
PACKAGES = ["redis-server", "nginx-light", "libnginx-mod-rtmp", "python3"]
SRS = "ossrs/srs:5"
STAND_IN = "streamstead-test/srs-stand-in:5"
STAND_IN_PROGRAM = Path(__file__).parent / "stand_in_srs.py"
CERTBOT = "certbot/certbot:latest"
MONITORING = {
    "prom/prometheus:latest": ({"prometheus": "prometheus", "promtool": "promtool"}, "/prometheus"),
    "prom/node-exporter:latest": ({"node_exporter": "prometheus-node-exporter"}, ""),
}
"""Image -> (its programs and what they are called here, its volume)."""


@dataclass(frozen=True)
class Images:
    """``base`` has all distribution packages; ``real_srs`` is None when only we could play it."""

    client: docker.DockerClient
    base: str
    real_srs: str | None


def prepare() -> Images:
    """Connect to the engine and make ``redis:7`` and ``nginx:stable``; skip without an engine."""
    need_engine()
    client = docker.from_env(timeout=60)
    base = _base(client)
    for name in ("redis:7", "nginx:stable"):
        if _image(client, name) is None:
            client.images.get(base).tag(*name.split(":"))
    labels = _labels(client, SRS)
    real = SRS if labels is not None and LABEL not in labels else None
    return Images(client, base, real)


def _image(client: docker.DockerClient, name: str) -> str | None:
    try:
        return str(client.images.get(name).id)
    except ImageNotFound:
        return None


def _labels(client: docker.DockerClient, name: str) -> dict[str, str] | None:
    try:
        return dict(client.images.get(name).labels)
    except ImageNotFound:
        return None


def _base(client: docker.DockerClient) -> str:
    """Build, or find, a small Debian with the packages."""
    key = hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()[:12]
    name = f"streamstead-test/debian:{key}"
    if _image(client, name) is None:
        if not BASE_TAR.exists():
            _debootstrap()
        bare = "streamstead-test/debian:bare"
        subprocess.run(["docker", "import", str(BASE_TAR), bare], check=True, capture_output=True)
        script = (
            "printf 'exit 101' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d && "
            "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "
            f"--no-install-recommends {' '.join(PACKAGES)} && apt-get clean && rm -rf /var/lib/apt"
        )
        _change(bare, name, ["sh", "-c", script], host_apt=True)
    return name


def _debootstrap() -> None:
    BASE_TAR.parent.mkdir(parents=True, exist_ok=True)
    with (BASE_TAR.parent / "lock").open("w") as lock, tempfile.TemporaryDirectory() as scratch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if BASE_TAR.exists():  # another run has made it meanwhile
            return
        root = Path(scratch) / "root"
        subprocess.run(
            ["debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", root],
            check=True,
            capture_output=True,
        )
        part = BASE_TAR.with_suffix(".part")
        subprocess.run(["tar", "-C", root, "-cf", part, "."], check=True)
        part.rename(BASE_TAR)


def _change(
    image: str, name: str, argv: list[str], *, host_apt: bool = False, copy: Path | None = None
) -> None:
    """Run a command in a container of ``image`` and keep the result as ``name``."""
    container = f"streamstead-test-build-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    subprocess.run(["docker", "rm", "-f", container], check=False, capture_output=True)
    create = ["docker", "create", "--name", container, "--network", "host"]
    if host_apt:
        # The package sources of this machine are those that can be reached from here.
        for path in ("/etc/apt", "/etc/ssl/certs", "/usr/share/keyrings"):
            create += ["-v", f"{path}:{path}:ro"]
    subprocess.run([*create, image, *argv], check=True, capture_output=True)
    try:
        if copy is not None:
            subprocess.run(["docker", "cp", copy, f"{container}:/"], check=True)
        done = subprocess.run(
            ["docker", "start", "-a", container], check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        commit = ["docker", "commit", "--change", f"LABEL {LABEL}=1"]
        commit += ["--change", "WORKDIR /usr/local/srs", container, name]
        subprocess.run(commit, check=True, capture_output=True)
    finally:
        subprocess.run(["docker", "rm", "-f", container], check=True, capture_output=True)


def build_stand_in(images: Images, house: House) -> str:
    """Make the image that plays SRS: our engine, started as ``./objs/srs -c FILE``."""
    name = SRS if images.real_srs is None else STAND_IN
    release = (house.data / "current").resolve()
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "usr"
        (tree / "local/srs/objs").mkdir(parents=True)
        archive = tree / "local/srs/release.tar"
        with tarfile.open(archive, "w") as tar:
            for part in ("venv", "containers"):
                tar.add(release / part, part)
        program = tree / "local/srs/objs/srs"
        program.write_text(
            '#!/bin/sh\nexec /usr/local/srs/venv/bin/python /usr/local/srs/stand_in.py "$@"\n'
        )
        program.chmod(0o755)
        (tree / "local/srs/stand_in.py").write_text(STAND_IN_PROGRAM.read_text())
        certbot = tree / "local/bin/certbot"
        certbot.parent.mkdir()
        run = "from certbot.main import main; raise SystemExit(main())"
        python = "/usr/local/srs/venv/bin/python"
        certbot.write_text(f'#!/bin/sh\nexec {python} -c "{run}" "$@"\n')
        certbot.chmod(0o755)
        script = "cd /usr/local/srs && tar -xf release.tar && rm release.tar && chmod -R go+rX ."
        _change(images.base, name, ["sh", "-c", script], copy=tree)
    return name


def build_certbot(images: Images, stand_in: str) -> None:
    """Make certbot's image: entrypoint and volumes are those of the real one."""
    if _image(images.client, CERTBOT) is None:
        container = images.client.containers.create(stand_in, network_mode="host")
        changes = ['ENTRYPOINT ["certbot"]', "VOLUME /etc/letsencrypt /var/lib/letsencrypt"]
        container.commit(*CERTBOT.split(":"), changes="\n".join([*changes, f"LABEL {LABEL}=1"]))
        container.remove()


def build_monitoring(images: Images) -> None:
    """Make images with a program and no shell, as the real ones have."""
    for name, (programs, volume) in MONITORING.items():
        if _image(images.client, name) is not None:
            continue
        found = {inside: Path(need(here)) for inside, here in programs.items()}
        raw = io.BytesIO(rootfs(list(found.values())))
        with tarfile.open(fileobj=raw, mode="a") as tar:
            for inside, here in found.items():
                link = tarfile.TarInfo(f"bin/{inside}")
                link.type, link.linkname = tarfile.SYMTYPE, str(here)
                tar.addfile(link)
        changes = ["USER nobody", f'ENTRYPOINT ["/bin/{next(iter(found))}"]', f"LABEL {LABEL}=1"]
        changes += [f"VOLUME {volume}"] if volume else []
        repository, tag = name.split(":")
        images.client.api.import_image_from_data(
            raw.getvalue(), repository=repository, tag=tag, changes=changes
        )

"""Real RTMP servers for outputs to be sent to: nginx-rtmp on a port of its own, with or without a
TLS front, which says who published and keeps what it got."""

import datetime
import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ..conftest import free_port, need, wait_until

APPS = ("live", "second", "deep/er")
_MODULES = ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/share/nginx/modules")
_DAY = datetime.timedelta(days=1)


def module(name: str) -> Path:
    """Return a loadable module of nginx; skip the test loudly when the machine lacks it."""
    for folder in _MODULES:
        path = Path(folder) / name
        if path.is_file():
            return path
    pytest.skip(f"{name} is not installed on this machine (auto/test installs it)")


@dataclass
class Session:
    """One publisher as the server saw it; times in seconds since the epoch."""

    app: str
    stream: str
    args: str
    client: str
    begun_s: float
    ended_s: float | None = None


class RtmpSink:
    """An nginx-rtmp. ``allow`` decides about publishers; ``sessions`` counts those let in.

    The port stays its own, so that it can be closed (``stop``, ``kill``) and opened again.
    """

    def __init__(self, root: Path, *, record: bool = False, allow_s: float = 0.0) -> None:
        self.root = root
        self.port = free_port()
        self.allow: Callable[[Session], bool] = lambda _: True
        self.refused: list[Session] = []
        self._sessions: list[Session] = []
        self._lock = threading.Lock()
        self._delay_s = allow_s
        self._child: subprocess.Popen[bytes] | None = None
        self._hooks = self._listen()
        self._thread = threading.Thread(target=self._hooks.serve_forever, args=(0.05,))
        self._thread.start()
        self._conf = root / "sink.conf"
        (root / "record").mkdir(exist_ok=True)
        self._conf.write_text(self._config(record))

    def _config(self, record: bool) -> str:
        hook = f"http://127.0.0.1:{self._hooks.server_address[1]}"
        keep = "record all; record_unique on; record_suffix .flv;" if record else ""
        apps = "".join(
            f"application {app} {{ live on; wait_key on; on_publish {hook}/publish;"
            f" on_publish_done {hook}/done; record_path {self.root}/record; {keep} }}\n"
            for app in APPS
        )
        return (
            f"load_module {module('ngx_rtmp_module.so')};\n"
            "daemon off; master_process off;\n"
            f"pid {self.root}/sink.pid; error_log {self.root}/sink.log notice;\n"
            "events { worker_connections 256; }\n"
            f"rtmp {{ access_log off; server {{ listen 127.0.0.1:{self.port};\n"
            f"max_message 8M; notify_method post;\n{apps} }} }}\n"
        )

    def _listen(self) -> ThreadingHTTPServer:
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                fields = {k: v[0] for k, v in parse_qs(body, keep_blank_values=True).items()}
                self.send_response(200 if sink._note(self.path, fields) else 403)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        return ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def _note(self, path: str, fields: dict[str, str]) -> bool:
        client = fields.get("clientid", "")
        if path == "/done":
            with self._lock:
                for one in self._sessions:
                    if one.client == client and one.ended_s is None:
                        one.ended_s = time.time()
            return True
        args = "&".join(f"{k}={v}" for k, v in fields.items() if k not in _NOT_ARGS)
        found = Session(fields["app"], fields["name"], args, client, time.time())
        time.sleep(self._delay_s)
        good = self.allow(found)
        with self._lock:
            (self._sessions if good else self.refused).append(found)
        return good

    def sessions(self, stream: str = "") -> list[Session]:
        """Return the publishers that were let in, oldest first; of one stream if it is named."""
        with self._lock:
            return [one for one in self._sessions if stream in ("", one.stream)]

    def url(self, key: str = "key", app: str = "live") -> str:
        return f"rtmp://127.0.0.1:{self.port}/{app}/{key}"

    def recordings(self) -> list[Path]:
        """Return what was received, one FLV a session and second, oldest first."""
        return sorted((self.root / "record").glob("*.flv"), key=lambda path: path.stat().st_ctime)

    def start(self) -> None:
        """Return once it can be connected to."""
        argv = [need("nginx"), "-p", str(self.root), "-c", str(self._conf)]
        argv += ["-e", str(self.root / "sink.log")]
        self._child = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
        wait_until(lambda: _listens(self.port), "the sink listens")

    def stop(self) -> None:
        """Close every connection and the port."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it neither read nor answer, while the kernel still takes connections."""
        assert self._child is not None
        self._child.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._child is not None
        self._child.send_signal(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.send_signal(number)
        child.send_signal(signal.SIGCONT)
        child.wait(30)
        with self._lock:
            for one in self._sessions:
                one.ended_s = one.ended_s or time.time()

    def close(self) -> None:
        self.stop()
        self._hooks.shutdown()
        self._thread.join()
        self._hooks.server_close()


_NOT_ARGS = frozenset(
    {"app", "flashver", "swfurl", "tcurl", "pageurl", "addr", "clientid", "call", "name", "type"}
)


@contextmanager
def rtmp_sink(*, record: bool = False, allow_s: float = 0.0) -> Iterator[RtmpSink]:
    """Run a sink; ``record``: keep what comes; ``allow_s``: how long it thinks of a publisher."""
    need("nginx")
    root = Path(tempfile.mkdtemp(prefix="ss-sink-"))
    sink = RtmpSink(root, record=record, allow_s=allow_s)
    try:
        sink.start()
        yield sink
    finally:
        sink.close()
        shutil.rmtree(root, ignore_errors=True)


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


class Authority:
    """A certificate authority that nobody knows, unless it is given ``file``."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of the tests")])
        self._certificate = self._sign(self._name, self._key, [], expired=False, authority=True)
        self.file = root / "authority.pem"
        self.file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, *names: str, expired: bool = False) -> Path:
        """Return a file with a certificate for host names or addresses, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        certificate = self._sign(subject, key, names, expired=expired)
        path = self._root / f"{names[0]}-{'old' if expired else 'new'}.pem"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
            file.write(
                key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )
        return path

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        names: Sequence[str],
        *,
        expired: bool,
        authority: bool = False,
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 9 * _DAY)
            .not_valid_after(now - _DAY if expired else now + 9 * _DAY)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general_name(name) for name in names]),
                critical=False,
            )
        return builder.sign(self._key, hashes.SHA256())


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class TlsFront:
    """An nginx before a port; ``server_names`` are those that its clients asked for."""

    def __init__(self, root: Path, certificate: Path, to_port: int) -> None:
        self.port = free_port()
        self._log = root / f"names-{self.port}.log"
        self._log.touch()
        conf = root / f"front-{self.port}.conf"
        conf.write_text(
            f"load_module {module('ngx_stream_module.so')};\n"
            "daemon off; master_process off;\n"
            f"pid {root}/front-{self.port}.pid; error_log {root}/front.log notice;\n"
            "events { worker_connections 256; }\n"
            "stream { log_format names '$ssl_server_name';\n"
            f"server {{ listen 127.0.0.1:{self.port} ssl; access_log {self._log} names;\n"
            f"ssl_certificate {certificate}; ssl_certificate_key {certificate};\n"
            f"ssl_protocols TLSv1.2 TLSv1.3; proxy_pass 127.0.0.1:{to_port}; }} }}\n"
        )
        argv = [need("nginx"), "-p", str(root), "-c", str(conf), "-e", str(root / "front.log")]
        self._child = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
        wait_until(lambda: _listens(self.port), "the TLS front listens")

    @property
    def server_names(self) -> list[str]:
        """Of connections that have ended."""
        return [line for line in self._log.read_text().splitlines() if line != "-"]

    def url(self, key: str = "key", app: str = "live", host: str = "127.0.0.1") -> str:
        return f"rtmps://{host}:{self.port}/{app}/{key}"

    def close(self) -> None:
        self._child.terminate()
        self._child.wait(30)


@contextmanager
def tls_front(root: Path, certificate: Path, to_port: int) -> Iterator[TlsFront]:
    """Accept TLS on a port and hand it on in clear to another one of this machine."""
    front = TlsFront(root, certificate, to_port)
    try:
        yield front
    finally:
        front.close()


@contextmanager
def srt_sink(passphrase: str = "") -> Iterator[tuple[int, Path]]:
    """Listen for SRT once; yields the port (UDP) and the file that what comes is written to."""
    root = Path(tempfile.mkdtemp(prefix="ss-srt-"))
    port, path = free_port(socket.SOCK_DGRAM), root / "got.ts"
    more = f"&passphrase={passphrase}&pbkeylen=16" if passphrase else ""
    argv = [need("ffmpeg"), "-v", "error", "-nostdin", "-analyzeduration", "500000"]
    argv += ["-i", f"srt://127.0.0.1:{port}?mode=listener{more}"]
    argv += ["-c", "copy", "-flush_packets", "1", "-f", "mpegts", str(path)]
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: _listens_udp(port), "the SRT listener listens")
        yield port, path
    finally:
        child.kill()
        child.wait()
        shutil.rmtree(root, ignore_errors=True)


def _listens_udp(port: int) -> bool:
    wanted = f":{port:04X}"
    lines = Path("/proc/net/udp").read_text().splitlines()[1:]
    return any(line.split()[1].endswith(wanted) for line in lines)

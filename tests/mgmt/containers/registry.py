"""A registry of images on this machine: the few calls of its protocol that a pull makes."""

import gzip
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


class Registry:
    """``put`` an image, then pull ``127.0.0.1:<port>/<name>:<tag>``. ``hold``: clear it, and blobs
    wait until it is set."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.hold = threading.Event()
        self.hold.set()
        self.asked: list[str] = []
        self._blobs: dict[str, bytes] = {}
        self._manifests: dict[str, bytes] = {}

    def image(self, tag: str, name: str = "thing") -> str:
        return f"127.0.0.1:{self.port}/{name}:{tag}"

    def put(self, tag: str, layer: bytes, label: str) -> None:
        """Offer an image of one layer (a tar); ``label`` makes it differ from others."""
        packed = gzip.compress(layer, 1, mtime=0)
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Labels": {"org.opencontainers.image.version": label}},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
        raw = json.dumps(config).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {"mediaType": _CONFIG, "size": len(raw), "digest": _digest(raw)},
            "layers": [{"mediaType": _LAYER, "size": len(packed), "digest": _digest(packed)}],
        }
        body = json.dumps(manifest).encode()
        self._blobs |= {_digest(raw): raw, _digest(packed): packed}
        self._manifests |= {tag: body, _digest(body): body}

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append(handler.path)
        kind, _, what = handler.path.removeprefix("/v2/").rpartition("/")
        body, type_ = b"{}", "application/json"
        unknown = b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}'
        if kind.endswith("/manifests"):
            found, type_ = self._manifests.get(what), _MANIFEST
        elif kind.endswith("/blobs"):
            found, type_ = self._blobs.get(what), "application/octet-stream"
            self.hold.wait(60)
        else:
            found = body
        handler.send_response(200 if found is not None else 404)
        handler.send_header("Content-Type", type_ if found is not None else "application/json")
        handler.send_header("Content-Length", str(len(found if found is not None else unknown)))
        if found is not None:
            handler.send_header("Docker-Content-Digest", _digest(found))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(found if found is not None else unknown)


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@contextmanager
def serving(port: int) -> Iterator[Registry]:
    registry = Registry(port)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            registry.answer(self)

        do_HEAD = do_GET  # noqa: N815 - the name is the base class's

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        registry.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()

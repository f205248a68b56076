"""What the nginx in use can do: modules that lie beside it, and how its version wants HTTP/2."""

from dataclasses import dataclass
from pathlib import Path

from ...core.nginx import build_options, nginx_version
from ..runtime.spec import RuntimeName

_DIRECTORIES = (
    "/usr/lib/nginx/modules",
    "/usr/lib64/nginx/modules",
    "/usr/share/nginx/modules",
)
_STREAM = "ngx_stream_module.so"
_BROTLI = "ngx_http_brotli_static_module.so"
_HTTP2_DIRECTIVE = (1, 25, 1)
"""From this version on HTTP/2 is a directive; before, a word of ``listen``."""


@dataclass(frozen=True, slots=True)
class Modules:
    """``load``: files for load_module. ``no_stream``: why RTMPS cannot be had, else empty."""

    load: tuple[Path, ...] = ()
    no_stream: str = ""
    brotli: bool = False
    http2_directive: bool = True

    def load_for(self, rtmps: bool) -> tuple[Path, ...]:
        """Return what to load; the stream module only for who uses it."""
        return tuple(path for path in self.load if rtmps or path.name != _STREAM)


def modules_of(runtime: RuntimeName) -> Modules:
    """Look at the nginx of this machine; of an image only that is used which all versions know."""
    if runtime is RuntimeName.DOCKER:
        return Modules(http2_directive=False)
    built = build_options()
    load, no_stream = [], ""
    stream, brotli = _find(_STREAM), _find(_BROTLI)
    if "--with-stream" not in built.split():
        if stream is None:
            no_stream = "nginx has no stream module here (package libnginx-mod-stream)"
        else:
            load.append(stream)
    if brotli is not None:
        load.append(brotli)
    return Modules(
        load=tuple(load),
        no_stream=no_stream,
        brotli=brotli is not None,
        http2_directive=nginx_version() >= _HTTP2_DIRECTIVE,
    )


def _find(name: str) -> Path | None:
    for folder in _DIRECTORIES:
        path = Path(folder) / name
        if path.is_file():
            return path
    return None

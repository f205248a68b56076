"""Tell the control plane of every finished HLS segment (on_hls), once.

nginx-rtmp calls nobody, but it renames a new playlist into place whenever a segment is complete.
"""

from pathlib import Path

from watchfiles import Change, awatch

from ..core.log import get_logger
from .callbacks import Action
from .clients import Client, ClientTable
from .hooks_client import HooksClient
from .journal import Journal
from .playlist import Segment, parse_playlist

DEBOUNCE_MS = 50
STEP_MS = 20
SUFFIX = ".m3u8"

log = get_logger(__name__)


class HlsWatch:
    """Watches ``<html>/<app>/<stream>.m3u8`` for the given applications."""

    def __init__(
        self,
        html: Path,
        apps: list[str],
        table: ClientTable,
        hooks: HooksClient,
        journal: Journal,
    ) -> None:
        self._html = html
        self._apps = apps
        self._table = table
        self._hooks = hooks
        self._journal = journal
        self._last = dict(journal.remembered.segments)
        self._seed()

    def _seed(self) -> None:
        """Take what lies there without a word of the journal for announced long ago."""
        for app in self._apps:
            for path in (self._html / app).glob(f"*{SUFFIX}"):
                segments = _read(path)
                if segments:
                    self._last.setdefault((app, path.stem), segments[-1].name)

    async def run(self) -> None:
        folders = [self._html / app for app in self._apps]
        async for changes in awatch(
            *folders,
            watch_filter=lambda _, path: path.endswith(SUFFIX),
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
            recursive=False,
        ):
            for change, name in changes:
                path = Path(name)
                app, stream = path.parent.name, path.name.removesuffix(SUFFIX)
                if change is Change.deleted:
                    continue
                publisher = self._table.publisher(app, stream)
                if publisher is not None:
                    self.announce(publisher)

    def announce(self, publisher: Client) -> None:
        """Tell of the segments that are new since the last call; also right before on_unpublish."""
        app, stream = publisher.app, publisher.stream
        playlist = self._html / app / f"{stream}{SUFFIX}"
        for segment in self._new(app, stream, _read(playlist)):
            self._journal.announced(app, stream, segment.name)
            self._last[app, stream] = segment.name
            self._hooks.tell(
                Action.HLS,
                publisher,
                duration=round(segment.duration_s, 2),
                cwd=str(self._html),
                file=str(playlist.parent / segment.name),
                url=f"{app}/{segment.name}",
                m3u8=str(playlist),
                m3u8_url=f"{app}/{playlist.name}",
                seq_no=segment.seq_no,
            )

    def _new(self, app: str, stream: str, segments: list[Segment]) -> list[Segment]:
        last = self._last.get((app, stream))
        names = [segment.name for segment in segments]
        # When it is not there any more, the window has moved past it: all are new.
        return segments[names.index(last) + 1 :] if last in names else segments


def _read(path: Path) -> list[Segment]:
    try:
        return parse_playlist(path.read_text("utf-8", "replace"))
    except FileNotFoundError:
        return []

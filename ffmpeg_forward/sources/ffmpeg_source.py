"""Media that FFmpeg reads or changes, as messages: one child, from its start to its end."""

import asyncio
import os
import shutil
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import AsyncExitStack, aclosing, suppress
from functools import partial

from ...core.errors import StreamsteadError
from ...core.rtmp.chunk import AUDIO, DATA, VIDEO, Message
from ...core.rtmp.flv import FlvError, FlvReader, file_header, tag_bytes
from ..channels.way import Way, open_way
from ..fonts import FFMPEG
from ..gently import SOURCE_NICENESS, MediaFailed, clean, gently
from ..relay.config import HouseFormat, ItemConfig, SourceConfig
from ..to_the_end import to_the_end
from . import problems
from .address import SILENT_S
from .matroska import MatroskaWriter
from .plan import Command, Plan, forget, plan_item, plan_normaliser

RING_LINES = 200
_BLOCK = 1 << 16
_LONGEST_LINE = 500
_GRACE_S = 2.0
"""Between SIGTERM and SIGKILL."""

_PATIENCE_S = SILENT_S + 10.0
"""Without a byte for so long it hangs: its own limits should have ended it before."""

_PEEK_FRAMES = 8


class FfmpegSource:
    """``problem`` is ``{key, message, help}`` of why nothing came or why it ended early; None
    while it runs well, after a good end, and when it was closed. ``lines``: its last words,
    redacted, oldest first.
    """

    def __init__(
        self,
        plan: Plan,
        inward: AsyncIterable[Message] | None = None,
        on_failure: Callable[[], None] = lambda: None,
        patience_s: float | None = _PATIENCE_S,
        endless: bool = False,
        address: ItemConfig | None = None,
    ) -> None:
        self._plan = plan
        self._address = address
        self._inward = inward
        self._on_failure = on_failure
        self._patience_s = patience_s
        self._endless = endless
        self._lines: deque[str] = deque(maxlen=RING_LINES)
        self._secrets: tuple[str, ...] = ()
        self.problem: dict[str, str] | None = None

    @property
    def lines(self) -> list[str]:
        return list(self._lines)

    async def messages(self) -> AsyncGenerator[Message, None]:
        """Run the child and yield its media, headers first. Never raises: see ``problem``.

        Closing it ends and reaps the child. Who does not ask makes the child wait. Call it once.
        """
        async with AsyncExitStack() as stack:
            try:
                way = await self._find_way(stack)
                command = await self._plan(way)
                child = await self._start(command)
            except StreamsteadError as exc:
                self._fail(exc)
                return
            async with aclosing(self._pass_on(child, command)) as messages:
                async for message in messages:
                    yield message
            if self.problem is not None and way is not None and way.refused:
                self._fail(problems.forbidden())

    async def _find_way(self, stack: AsyncExitStack) -> Way | None:
        """Ask whether the address may be read now. Raises Invalid, SourceUnreachable."""
        one = self._address
        if one is None:
            return None
        return await stack.enter_async_context(
            open_way(one.target, allow_private=one.allow_private, film=one.film)
        )

    async def _pass_on(
        self, child: asyncio.subprocess.Process, command: Command
    ) -> AsyncGenerator[Message, None]:
        """Yield what the child writes; on the way out it is ended and reaped."""
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdin is not None
        tasks = [
            asyncio.create_task(self._keep_words(child.stderr)),
            asyncio.create_task(self._write(child.stdin, command.feed)),
        ]
        reader = FlvReader()
        any_media = False
        failure: MediaFailed | None = None
        try:
            while block := await self._read(child.stdout):
                for message in reader.feed(block):
                    any_media = any_media or message.kind != DATA
                    yield message
            with suppress(TimeoutError):
                async with asyncio.timeout(_GRACE_S):
                    await asyncio.gather(child.wait(), tasks[0])
            if not any_media:
                failure = problems.of_words(self.lines) or problems.nothing()
            elif child.returncode:
                failure = problems.of_words(self.lines) or problems.broke_off()
            elif self._endless:
                failure = problems.ended()
        except TimeoutError:
            failure = problems.stalled()
        except FlvError:
            failure = problems.of_words(self.lines) or problems.nothing()
        finally:
            await to_the_end(_end(child, tasks))
        if failure is not None:
            self._fail(failure)

    async def _start(self, command: Command) -> asyncio.subprocess.Process:
        self._secrets = command.secrets
        if shutil.which(FFMPEG) is None:
            raise MediaFailed("ffmpeg is not installed", "Run ./bootstrap again.", key="no_ffmpeg")
        try:
            return await asyncio.create_subprocess_exec(
                *gently(command.argv, SOURCE_NICENESS),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, **command.env},
            )
        except OSError as exc:
            raise MediaFailed(f"ffmpeg cannot be started: {exc.strerror}") from None

    async def _read(self, stdout: asyncio.StreamReader) -> bytes:
        async with asyncio.timeout(self._patience_s):
            return await stdout.read(_BLOCK)

    async def _keep_words(self, stderr: asyncio.StreamReader) -> None:
        rest = b""
        while block := await stderr.read(_BLOCK):
            *whole, rest = (rest + block).replace(b"\r", b"\n").split(b"\n")
            self._keep(whole)
            rest = rest[:_LONGEST_LINE]
        self._keep([rest])

    def _keep(self, raw: list[bytes]) -> None:
        for line in raw:
            if line.strip():
                words = clean(line[: 4 * _LONGEST_LINE].decode(errors="replace"), self._secrets)
                self._lines.append(words[:_LONGEST_LINE])

    async def _write(self, stdin: asyncio.StreamWriter, feed: bytes) -> None:
        """A child that ends early wants no more: its end is noticed elsewhere."""
        try:
            with suppress(BrokenPipeError, ConnectionResetError):
                if self._inward is None:
                    stdin.write(feed)
                    await stdin.drain()
                else:
                    await _write_messages(stdin, self._inward)
        finally:
            stdin.close()

    def _fail(self, failure: StreamsteadError) -> None:
        self._on_failure()
        self.problem = {"key": failure.key, "message": failure.message, "help": failure.help}


async def _write_messages(stdin: asyncio.StreamWriter, inward: AsyncIterable[Message]) -> None:
    """Write messages as they come. What kinds there are stands at the very beginning of FLV, and
    a reader waits for each of them: so the first few are looked at before anything is written.
    Script data is left out: FFmpeg takes what comes later for subtitles."""
    first: list[Message] = []
    form: Callable[[Message], bytes] | None = None
    async for message in inward:
        if message.kind not in (AUDIO, VIDEO):
            continue
        if form is None:
            first.append(message)
            if len(first) < _PEEK_FRAMES:
                continue
            form = _begin(stdin, first)
        else:
            stdin.write(form(message))
        await stdin.drain()
    if form is None and first:
        _begin(stdin, first)


def _begin(stdin: asyncio.StreamWriter, first: list[Message]) -> Callable[[Message], bytes]:
    """Write how it begins; return how to write what follows."""
    if MatroskaWriter.is_for(first):
        writer = MatroskaWriter(first)
        form, head = writer.block, writer.head()
    else:
        kinds = {message.kind for message in first}
        form, head = tag_bytes, file_header(AUDIO in kinds, VIDEO in kinds)
    stdin.write(head + b"".join(form(message) for message in first))
    return form


async def _end(child: asyncio.subprocess.Process, tasks: list[asyncio.Task[None]]) -> None:
    """End the child if it still runs, and reap it. A camera is told when it can be."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_S):
                await asyncio.gather(_drain(child), child.wait())
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.kill()
    await child.wait()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for task in tasks:
        # Who feeds us may fail; that is told where it happens.
        if not task.cancelled():
            task.exception()


async def _drain(child: asyncio.subprocess.Process) -> None:
    """A child that waits for us to read would not see that it should end."""
    assert child.stdout is not None
    while await child.stdout.read(_BLOCK):
        pass


def reading_item(item: ItemConfig, start_at_ms: int = 0) -> FfmpegSource:
    """Return a source that reads a file or an address once, from ``start_at_ms`` on, as fast as
    it is taken. Without sound it gets silence."""
    return FfmpegSource(
        partial(plan_item, item, start_at_ms, False),
        on_failure=partial(forget, item),
        address=None if item.is_file else item,
    )


def camera(config: SourceConfig) -> FfmpegSource:
    """Return a source that reads a camera, or whatever else is at that address, until it ends."""
    (item,) = config.items[:1]
    return FfmpegSource(
        partial(plan_item, item, 0, config.silent_audio),
        on_failure=partial(forget, item),
        endless=True,
        address=None if item.is_file else item,
    )


def normaliser(inward: AsyncIterable[Message], house: HouseFormat) -> FfmpegSource:
    """Return a source of the house format, made of what comes from ``inward`` (ms, with headers).

    Sizes, rates and parameters of H.264 and AAC may change on the way; codecs may not.
    """
    return FfmpegSource(partial(plan_normaliser, house), inward, patience_s=None)

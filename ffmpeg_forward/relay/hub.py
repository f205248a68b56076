"""One timeline for any number of destinations, which may come and go at any moment."""

import asyncio
from collections.abc import Iterable
from typing import Protocol

from ...core.rtmp.chunk import DATA, VIDEO, Message
from ..splice.media import look

MAX_GOP_BYTES = 8 << 20


class Subscriber(Protocol):
    """Whom the timeline goes to; neither call may block or raise."""

    def take(self, message: Message, entry: bool) -> None:
        """``entry``: a destination that dropped something may begin again with this message."""

    def over(self) -> None:
        """The timeline has ended; another one may begin later, from 0 again."""

    def expect(self) -> None:
        """The timeline is about to begin, as soon as there is a key frame."""


class Hub:
    """Passes messages on and keeps what a newcomer needs first: metadata, headers and everything
    since the last key frame. Timestamps are ms of the timeline and never go back."""

    def __init__(self) -> None:
        self._subscribers: set[Subscriber] = set()
        self._meta: Message | None = None
        self._headers: dict[int, Message] = {}
        self._gop: list[Message] = []
        self._gop_bytes = 0
        self._has_video = False
        self._media = asyncio.Event()
        self.is_expected = False
        """True while the timeline is about to begin."""
        self.expected: Message | None = None
        """The header of the pictures that are about to come, once it is known."""

    @property
    def has_media(self) -> bool:
        """True from the first picture or sound until ``over``."""
        return self._media.is_set()

    async def wait_media(self) -> None:
        await self._media.wait()

    def join(self, subscriber: Subscriber) -> list[Message]:
        """Add a subscriber; return what it must have before anything that it takes later.

        Without a key frame in the list it has to wait for an ``entry``.
        """
        self._subscribers.add(subscriber)
        headers = [self._headers[kind] for kind in sorted(self._headers, reverse=True)]
        return [*([self._meta] if self._meta else ()), *headers, *self._gop]

    def leave(self, subscriber: Subscriber) -> None:
        self._subscribers.discard(subscriber)

    def send(self, messages: Iterable[Message]) -> None:
        for message in messages:
            entry = self._keep(message)
            for subscriber in tuple(self._subscribers):
                subscriber.take(message, entry)

    def expect(self, message: Message) -> None:
        """Note a first message of a source: a connection can be made while its key frame is
        waited for."""
        if self.has_media:
            return
        self.is_expected = True
        if message.kind == VIDEO and look(message).header:
            self.expected = message
        for subscriber in tuple(self._subscribers):
            subscriber.expect()

    def over(self) -> None:
        """End the timeline."""
        self.is_expected = False
        self.expected = None
        self._meta = None
        self._headers.clear()
        self._has_video = False
        self.pause()

    def pause(self) -> None:
        """End the timeline; its headers count for the one that follows."""
        self._forget_gop()
        self._media.clear()
        for subscriber in tuple(self._subscribers):
            subscriber.over()

    def _keep(self, message: Message) -> bool:
        if message.kind == DATA:
            self._meta = message
            return False
        seen = look(message)
        if seen.header:
            self._headers[message.kind] = message
            self._has_video = self._has_video or message.kind == VIDEO
            return False
        self._media.set()
        if not self._has_video:
            return True
        if seen.key and message.kind == VIDEO:
            self._forget_gop()
        elif not self._gop:
            return False
        self._gop_bytes += len(message.payload)
        if self._gop_bytes > MAX_GOP_BYTES:
            # Newcomers wait for the next key frame rather than get half a picture.
            self._forget_gop()
        else:
            self._gop.append(message)
        return seen.key

    def _forget_gop(self) -> None:
        self._gop = []
        self._gop_bytes = 0

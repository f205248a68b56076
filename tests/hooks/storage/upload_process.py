"""Uploads in a process of their own, so that a test can kill it: DIRECTORY SOCKET PASSWORD."""

import asyncio
import sys
from pathlib import Path

from redis.asyncio import Redis

from streamstead.core.paths import DataDir

from .upload_house import House


async def main(directory: str, sock: str, password: str) -> None:
    redis = Redis(unix_socket_path=sock, password=password, decode_responses=True)
    await House(DataDir(Path(directory)), redis).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""The Docker Engine itself: reaching it, and having the images. Blocking; call in a thread."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import docker
from docker.errors import DockerException, ImageNotFound
from requests.exceptions import RequestException

ANSWER_TIMEOUT_S = 5
CALL_TIMEOUT_S = 60


def connect(address: str, timeout_s: int = CALL_TIMEOUT_S) -> Any:
    """Return a client for ``address``, or by the library's own rule when it is empty.

    Raises DockerException when no engine answers.
    """
    if address:
        return docker.DockerClient(base_url=address, timeout=timeout_s)
    return docker.from_env(timeout=timeout_s)


def prepare_images(address: str, images: Sequence[str], limit_s: float) -> str:
    """Make sure that all images are present, pulling for ``limit_s`` at most in total.

    Returns why Docker cannot be used, in words; empty when it can.
    """
    try:
        client = connect(address, ANSWER_TIMEOUT_S)
        client.ping()
    except (DockerException, RequestException) as exc:
        return why_not(exc)
    deadline = time.monotonic() + limit_s
    try:
        for image in images:
            problem = _ensure_image(address, client, image, deadline - time.monotonic())
            if problem:
                return problem
    finally:
        client.close()
    return ""


def _ensure_image(address: str, client: Any, image: str, left_s: float) -> str:
    try:
        client.images.get(image)
    except ImageNotFound:
        return _pull(address, image, left_s)
    except (DockerException, RequestException) as exc:
        return f"Docker Engine refuses to show images ({_first_line(exc)})"
    return ""


def _pull(address: str, image: str, left_s: float) -> str:
    """Pull in a thread of its own: a registry that stalls is left behind at the deadline."""
    said: list[str] = []

    def work() -> None:
        try:
            # With a client of its own: its answer may come long after ours was given.
            client = connect(address, max(1, int(left_s)))
            client.images.pull(image)
        except (DockerException, RequestException) as exc:
            said.append(f"image {image} cannot be pulled ({_first_line(exc)})")

    if left_s <= 0:
        return f"image {image} was not there, and the time for pulling is over"
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(left_s)
    if thread.is_alive():
        return f"image {image} could not be pulled in time"
    return said[0] if said else ""


def why_not(exc: Exception) -> str:
    """Say in words why no engine could be reached."""
    text = str(exc)
    # The library wraps what the system said into text of several layers.
    for sign, words in (
        ("FileNotFoundError", "no Docker Engine runs here"),
        ("ConnectionRefusedError", "the Docker Engine does not take connections"),
        ("PermissionError", "the Docker Engine may not be used from this account"),
    ):
        if sign in text:
            return words
    return f"no Docker Engine answers ({_first_line(exc)})"


def _first_line(exc: Exception) -> str:
    return str(exc).splitlines()[0][:200] if str(exc) else type(exc).__name__

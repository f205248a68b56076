"""Keeps the manager alive on a machine without systemd. Standard library only, to stay small.

``python -m streamstead.mgmt.keeper --data DIR`` goes to the background; ``--foreground`` stays,
and then SIGTERM or Ctrl-C stops everything in order. It ends when the manager ended because
``streamstead stop`` asked it to, or when the configuration is wrong (exit status 78).
"""

import argparse
import fcntl
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

EX_CONFIG = 78
LONGEST_PAUSE_S = 30.0
GOOD_AFTER_S = 30.0
REFUSED_PAUSE_S = 5.0
LOG_BYTES = 5_000_000
STOP_WAIT_S = 60.0
LET_GO_S = 10.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class _Asked(Exception):
    """We were told by a signal to end."""


def _start_ticks(pid: int) -> str:
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rpartition(")")[2].split()[19]


def _is_ours(facts: os.stat_result) -> bool:
    """Services write into the folders, too, where root looks: see is_ours in core/files.py, which
    is not for those who are to stay small."""
    return stat.S_ISREG(facts.st_mode) and facts.st_uid in (0, os.geteuid())


def _is_there(path: str) -> bool:
    try:
        return _is_ours(os.lstat(path))
    except FileNotFoundError:
        return False


def _make_way(path: str) -> None:
    """Remove what somebody else put where a file of ours belongs."""
    if os.path.lexists(path) and not _is_there(path):
        os.unlink(path)


def read_keeper(run: str) -> int | None:
    """Return the pid of the living keeper of the directory ``run``, None when there is none, or
    when somebody else named it: whom it names is signalled by root."""
    path = os.path.join(run, "keeper.pid")
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            if not _is_ours(os.fstat(file.fileno())):
                return None
            record = json.loads(file.read(1000))
        same = _start_ticks(record["pid"]) == str(record["start_ticks"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return int(record["pid"]) if same else None


def _command(data: str) -> list[str]:
    program = os.path.join(os.path.dirname(os.path.abspath(sys.executable)), "streamstead")
    return [program, "serve", "mgmt", "--data", data]


def _upgrade_script(data: str) -> str:
    return os.path.join(data, "upgrade", "resume")


def _upgrade_is_open(data: str) -> bool:
    """A manager that is sent home by an upgrade comes back: by the new release or the old one."""
    return os.access(_upgrade_script(data), os.X_OK)


def _note_refusal(data: str, refused: bool) -> None:
    """Whoever upgrades need not wait for a manager that ends as soon as it has begun."""
    path = os.path.join(data, "run", "manager-failed")
    with suppress(OSError):
        if os.path.lexists(path):
            os.unlink(path)
        if refused:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))


def _finish_upgrade(data: str) -> None:
    """Let an upgrade that was cut off be finished, by the release that began it: the manager that
    we are about to start may be of one that does not work."""
    if not _upgrade_is_open(data):
        return
    with suppress(OSError, subprocess.TimeoutExpired):  # the manager looks after it, too
        subprocess.run(
            [_upgrade_script(data)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
            preexec_fn=_hear_again,
        )


def _stop_asked(data: str) -> bool:
    return _is_there(os.path.join(data, "run", "stop-asked"))


def _on_signal(_number: int, _frame: object) -> None:
    raise _Asked


@contextmanager
def _hearing() -> Iterator[None]:
    """Take signals in here alone: anywhere else a manager just started would be left behind."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def _hear_again() -> None:
    """Before the manager begins: it must hear what we do not hear just now."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _open_log(data: str) -> int:
    path = os.path.join(data, "logs", "mgmt.log")
    _make_way(path)
    # Only between two managers, so nobody is writing: a plain rename is enough.
    if os.path.exists(path) and os.path.getsize(path) > LOG_BYTES:
        os.replace(path, path + ".1")
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    return os.open(path, flags, 0o640)


def keep(data: str, foreground: bool) -> int:
    """Run the manager until a stop is asked for; return the exit status."""
    pause_s = 0.0
    while True:
        started = time.monotonic()
        _finish_upgrade(data)
        _note_refusal(data, refused=False)
        log = None if foreground else _open_log(data)
        child = subprocess.Popen(
            _command(data),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=_hear_again,  # safe: there is but one thread here
        )
        if log is not None:
            os.close(log)
        try:
            with _hearing():
                status = child.wait()
        except _Asked:
            return _end(child, data, everything=foreground)
        if _stop_asked(data):
            return 0
        if status == EX_CONFIG and not _upgrade_is_open(data):
            return EX_CONFIG
        if status == EX_CONFIG:
            pause_s = REFUSED_PAUSE_S
        if status != 0:
            _note_refusal(data, refused=True)
        if time.monotonic() - started >= GOOD_AFTER_S:
            pause_s = 0.0
        try:
            with _hearing():
                time.sleep(pause_s)
        except _Asked:
            return 0
        pause_s = min(LONGEST_PAUSE_S, max(0.5, pause_s * 2))


def _end(child: "subprocess.Popen[bytes]", data: str, everything: bool) -> int:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if not (everything and _ask_stop(data)):
        child.terminate()
    try:
        child.wait(STOP_WAIT_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    return 0


def _ask_stop(data: str) -> bool:
    """Ask the manager to stop everything; return whether it took the request."""
    request = (
        b"POST /v1/stop HTTP/1.1\r\nHost: mgmt\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(5)
            sock.connect(os.path.join(data, "run", "mgmt.sock"))
            sock.sendall(request)
            return b" 200 " in sock.recv(64)
    except OSError:
        return False


def _take(lock: int, run: str) -> bool:
    """Take the lock of the keeper; False when another one keeps. One that is about to end has
    taken its name off already, and gets a moment to let go."""
    until = time.monotonic() + LET_GO_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if read_keeper(run) is not None or time.monotonic() > until:
                return False
        time.sleep(0.05)


def _daemonise() -> None:
    """Leave the terminal and the session that started us."""
    if os.fork() > 0:
        os._exit(0)
    os.setsid()
    if os.fork() > 0:
        os._exit(0)
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.close(null)


def main(argv: list[str] | None = None) -> int:
    """Parse, go to the background unless told otherwise, keep."""
    parser = argparse.ArgumentParser(prog="streamstead-keeper", description=__doc__)
    parser.add_argument("--data", required=True, help="data directory")
    parser.add_argument("--foreground", action="store_true", help="stay; stop everything on Ctrl-C")
    given = parser.parse_args(argv)
    data = os.path.abspath(given.data)
    run = os.path.join(data, "run")
    os.makedirs(run, exist_ok=True)
    os.makedirs(os.path.join(data, "logs"), exist_ok=True)
    pidfile = os.path.join(run, "keeper.pid")
    _make_way(pidfile)
    # The lock outlives the forks below, for they share it; a dead keeper holds none.
    lock = os.open(pidfile, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    if not _take(lock, run):
        print(f"a keeper already runs for {data}", file=sys.stderr)
        return 0
    if not given.foreground:
        _daemonise()
    os.ftruncate(lock, 0)
    record = f'{{"pid": {os.getpid()}, "start_ticks": {_start_ticks(os.getpid())}}}\n'
    os.write(lock, record.encode())
    stop = os.path.join(run, "stop-asked")
    if os.path.lexists(stop):
        os.unlink(stop)
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    for number in _SIGNALS:
        signal.signal(number, _on_signal)
    try:
        return keep(data, given.foreground)
    finally:
        os.ftruncate(lock, 0)


if __name__ == "__main__":
    sys.exit(main())

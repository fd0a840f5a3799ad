"""What is watched while a file is read: time, memory, warnings, the network, and who writes or runs what."""

import contextlib
import hashlib
import os
import socketserver
import sys
import threading
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path

_RUNNING = (
    "socket.connect",
    "socket.getaddrinfo",
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "pickle.find_class",
    "os.symlink",
    "os.remove",
    "os.rename",
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PEAK = Path("/proc/self/clear_refs")


@dataclass
class Seen:
    """What happened while a file was read."""

    seconds: float = 0.0
    grown_mb: float = 0.0
    events: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


_watching: list[Seen] = []


def _hook(event, arguments):
    if not _watching:
        return
    if event in _RUNNING:
        _watching[-1].events.append(f"{event} {arguments!r}")
    elif event == "open" and _writes(*arguments):
        _watching[-1].events.append(f"write {arguments[0]!r}")


def _writes(path, _, flags):
    """Tell opening a file to write it; Python's own caches of modules and the null device do not count."""
    plain = "__pycache__" not in str(path) and str(path) != os.devnull
    return plain and isinstance(flags, int) and bool(flags & _WRITING)


sys.addaudithook(_hook)


def _memory_kb(name):
    """Return a line of the process's own account, or 0 on systems that keep none."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)


@contextlib.contextmanager
def watched():
    """Watch what is done inside."""
    seen = Seen()
    with contextlib.suppress(OSError):
        _PEAK.write_text("5", encoding="ascii")
    before = _memory_kb("VmRSS")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        _watching.append(seen)
        start = time.process_time()
        try:
            yield seen
        finally:
            seen.seconds = time.process_time() - start
            _watching.pop()
            seen.grown_mb = (_memory_kb("VmHWM") - before) / 1024
            seen.warnings = [f"{one.category.__name__}: {one.message}" for one in warned]


def listing(folder):
    """Return every path below a folder with what it holds."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in sorted(folder.rglob("*"))
    }


class _Count(socketserver.BaseRequestHandler):
    def handle(self):
        self.server.calls += 1


@contextlib.contextmanager
def canary():
    """Listen where the hostile files point to; ``calls`` counts those who came."""
    with socketserver.TCPServer(("127.0.0.1", 0), _Count) as server:
        server.calls = 0
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()

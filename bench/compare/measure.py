"""Runs one program and says what it took: wall time, CPU time of all its threads, memory peak, disk."""

import ctypes
import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def die_with_parent():
    """For preexec_fn: the child does not outlive this program, however that ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Failed(Exception):
    """A program ended with an error; the text is the end of what it printed."""


class TooLong(Exception):
    """A program did not end in its time."""


@dataclass
class Measured:
    wall_s: float
    cpu_s: float
    peak_bytes: int
    output: str


def run(command, log, cores=None, limit_s=None, environment=None):
    """Runs `command` on `cores` of the machine's cores; its output and errors go to the file `log`."""
    wanted = sorted(os.sched_getaffinity(0))[:cores]

    def prepare():
        die_with_parent()
        os.sched_setaffinity(0, wanted)

    env = {**os.environ, **(environment or {})}
    with open(log, "wb") as out, open(f"{log}.err", "wb") as err:
        begin = time.monotonic()
        child = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                 preexec_fn=prepare, env=env)
        late = threading.Event()
        timer = threading.Timer(limit_s or 1e6, lambda: (late.set(), child.kill()))
        timer.daemon = True
        timer.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall_s = time.monotonic() - begin
        timer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
    output = Path(log).read_text(encoding="utf-8", errors="replace")
    if late.is_set():
        raise TooLong(f"not done within {limit_s / 60:.0f} minutes")
    if child.returncode != 0:
        errors = Path(f"{log}.err").read_text(encoding="utf-8", errors="replace")
        raise Failed(f"{Path(command[0]).name} ended with {child.returncode}: {(errors or output)[-400:].strip()}")
    return Measured(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, output)


def disk_bytes(directory):
    """As the disk holds them: allocated blocks, like du."""
    return sum(os.lstat(os.path.join(folder, name)).st_blocks * 512
               for folder, _, names in os.walk(directory) for name in names)


def empty(directory):
    shutil.rmtree(directory, ignore_errors=True)
    return directory


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else None

"""Runs a command and fails if a process that it started outlives it.

    python3 tests/outlived.py -- COMMAND ARGUMENT …

Names, paths, environments and process groups all miss somebody: nginx rewrites its command line and its environment,
a daemon leaves its session. Parentage misses nobody: this process makes itself the subreaper of all that it starts, so
whatever loses its parent becomes its child. What lives when the command has ended is listed, and left alone.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
GRACE_SECONDS = 2.0
# A compiler cache starts its server on first use and means to keep it.
MEANT_TO_STAY = {"sccache"}


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def link(path):
    try:
        return os.readlink(path)
    except OSError:
        return "?"


def descendants_alive():
    """The living descendants of this process, oldest first, zombies left out."""
    children = {}
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        name, _, rest = read(f"/proc/{pid}/stat").rpartition(")")
        fields = rest.split()
        if fields:
            children.setdefault(int(fields[1]), []).append((pid, name.partition("(")[2], fields[0]))
    found, ahead = [], [os.getpid()]
    while ahead:
        for pid, name, state in children.get(ahead.pop(), []):
            ahead.append(pid)
            if state not in "ZX" and name not in MEANT_TO_STAY:
                found.append(pid)
    return sorted(found)


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def run(command):
    """The exit status of the command, as a shell would give it; adopted orphans are reaped meanwhile."""
    child = subprocess.Popen(command)
    # Ctrl-C reaches the child by itself. Waiting for it lets it clean up, and lets us look at what it left.
    signal.signal(signal.SIGINT, lambda *_: None)
    for other in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, lambda number, _: child.send_signal(number))
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child.pid:
            code = os.waitstatus_to_exitcode(status)
            child.returncode = code
            return code if code >= 0 else 128 - code


def outlived():
    """What is still there after a moment of grace in which it may end by itself."""
    until = time.monotonic() + GRACE_SECONDS
    while True:
        reap()
        left = descendants_alive()
        if not left or time.monotonic() > until:
            return left
        time.sleep(0.05)


def main():
    arguments = sys.argv[1:]
    if arguments[:1] != ["--"] or len(arguments) < 2:
        sys.exit("usage: python3 tests/outlived.py -- COMMAND ARGUMENT …")
    if not sys.platform.startswith("linux"):
        sys.exit("error: outlived.py needs Linux (it adopts orphans as a subreaper)")
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        sys.exit(f"error: can't become a subreaper: {os.strerror(ctypes.get_errno())}")

    status = run(arguments[1:])
    left = outlived()
    if left:
        print(f"error: {len(left)} process(es) outlived the command that started them:", file=sys.stderr)
        for pid in left:
            words = read(f"/proc/{pid}/cmdline").replace("\0", " ").strip() or read(f"/proc/{pid}/comm").strip()
            print(f"  {pid}  {words}\n         in {link(f'/proc/{pid}/cwd')}", file=sys.stderr)
        print("they were left running, to be looked at; end them with kill", file=sys.stderr)
    sys.exit(status or (1 if left else 0))


main()

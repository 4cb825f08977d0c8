"""What a file would do if it could: tasks for cells, in place of the product's own."""

import ctypes
import os
import resource
import signal
import socket
import time


def attempt(content):
    """Do the deed that the file names; `outcome` is `done`, or the name of what stood in the way."""
    try:
        return {"outcome": str(DEEDS[content.decode()]() or "done")}, b""
    except (OSError, ValueError) as error:
        return {"outcome": type(error).__name__}, b""


def _write_file():
    with open("/tmp/written-by-a-cell", "w") as file:
        file.write("x")


def _connect():
    with socket.socket() as line:
        line.connect(("127.0.0.1", 80))


def _fork():
    if os.fork() == 0:
        os._exit(0)


def _loosen():
    resource.setrlimit(resource.RLIMIT_CPU, (600, 600))
    if resource.getrlimit(resource.RLIMIT_CPU)[0] != 600:
        raise OSError


def _read_ancestors_memory():
    os.close(os.open(f"/proc/{os.getppid()}/mem", os.O_RDONLY))


DEEDS = {
    "read a file": lambda: open("/etc/passwd").close(),
    "read its program": lambda: open(__file__).close(),
    "write a file": _write_file,
    "read an environment": lambda: open("/proc/self/environ").close(),
    "read another's memory": _read_ancestors_memory,
    "list a folder": lambda: os.listdir("/"),
    "look up a file": lambda: os.stat("/etc/passwd"),
    "remove a file": lambda: os.unlink("/tmp/no-such-file"),
    "open a socket": _connect,
    "make a pair of sockets": lambda: [end.close() for end in socket.socketpair()] and None,
    "start a process": _fork,
    "become a program": lambda: os.execv("/bin/true", ["true"]),
    "signal its parent": lambda: os.kill(os.getppid(), 0),
    "signal everybody": lambda: os.kill(-1, 0),
    "loosen a limit": _loosen,
    "change its user": lambda: os.setuid(os.getuid()),
}


def environment(content):
    return {"names": sorted(os.environ), "values": list(os.environ.values())}, b""


def spin(content):
    while True:
        pass


def hang(content):
    """Wait without using the processor, past every alarm."""
    for kind in (signal.SIGALRM, signal.SIGTERM):
        signal.signal(kind, signal.SIG_IGN)
    while True:
        for descriptor in range(3, 30):
            try:
                os.read(descriptor, 1)
            except OSError:
                continue


def grow(content):
    held = []
    for _ in range(100):
        held.append(bytearray(50_000_000))
    return {}, b""


def crash(content):
    ctypes.string_at(0)


def fail(content):
    raise KeyError(content.decode())


def babble(content):
    """Speak over the line without being asked."""
    for descriptor in range(3, 30):
        try:
            os.write(descriptor, content)
        except OSError:
            continue
    time.sleep(10)


def lie(content):
    return [1, 2, 3], b""


def who(content):
    return {"pid": os.getpid(), "length": len(content), "sum": sum(content)}, b""


TASKS = {
    "attempt": attempt,
    "environment": environment,
    "spin": spin,
    "hang": hang,
    "grow": grow,
    "crash": crash,
    "fail": fail,
    "babble": babble,
    "lie": lie,
    "who": who,
    # Under the names that the gate asks for.
    "pdf": spin,
    "picture": crash,
}

"""What every process does while it starts: load all it needs, and only then look for garbage.

Python looks for cycles after every 700 new objects, and at times through all it holds. Some 1,400 modules are
loaded at a start, and none of them is garbage: the search was a fifth of it. What is loaded then stays for
good, so it is left out of every later search as well (`gc.freeze`), which also keeps its pages shared
between a server's workers.
"""

import gc


def begin() -> None:
    """The first thing a process does. `everything_loaded` must follow."""
    gc.disable()


def load_pages() -> None:
    """Load what the addresses lead to, which the first request or Django's checks would load otherwise."""
    from django.urls import get_resolver

    len(get_resolver().url_patterns)


def everything_loaded() -> None:
    """From here on garbage is looked for as usual. Does nothing in a process that did not `begin`."""
    if gc.isenabled():
        return
    gc.freeze()
    gc.enable()

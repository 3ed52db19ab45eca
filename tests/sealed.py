"""Run `app.py` as a host does that has no network and lets the app write nowhere in its own folder.

`python tests/sealed.py` in the folder of `app.py`. What is asked of other machines fails as without a network, and
leaves a line on stderr that begins with `ASKED`. It imports nothing of the tests: the environment may lack them.
"""

import ipaddress
import os
import runpy
import sys
from pathlib import Path

ASKED = "asked the network:"
HERE = Path.cwd()


def is_here(host: object) -> bool:
    """Whether a host is this machine; None and "" stand for all of its addresses."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(str(name))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def seal(event: str, args: tuple) -> None:
    """An audit hook: see `sys.addaudithook`."""
    if event in ("socket.connect", "socket.sendto") and isinstance(args[1], tuple):
        host = args[1][0]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = args[0]
    elif event in ("open", "os.mkdir"):
        writes = event == "os.mkdir" or args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes and isinstance(args[0], str) and HERE in Path(args[0]).absolute().parents:
            raise PermissionError(f"{args[0]} belongs to another user")
        return
    else:
        return
    if not is_here(host):
        print(ASKED, host, file=sys.stderr, flush=True)
        raise OSError("there is no network")


if __name__ == "__main__":
    sys.addaudithook(seal)
    sys.path[0] = str(HERE)
    runpy.run_path("app.py", run_name="__main__")

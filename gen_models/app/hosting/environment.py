"""What the environment says of Gradio, of the address to serve at and of idle models. Import this before Gradio.

Gradio reads its variables while it is imported. A port that is no number would be a traceback there, and a port that
is taken would be replaced by the next free one of a hundred; here, each is a sentence.
"""

from __future__ import annotations

import errno
import os
import re
import socket

from gen_models.errors import UserError

# The app asks nothing of the network, not even for Gradio's own look-ups.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
# Else it sums up all past events after each one, 20 ms of a processor, for a page that is closed here.
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(10**9))


def server_port() -> int | None:
    """Return the port that GRADIO_SERVER_PORT names; None if it is not set, and any free one will do.

    Raises:
        UserError: it names none.
    """
    word = os.environ.get("GRADIO_SERVER_PORT")
    if word is None:
        return None
    if not re.fullmatch("[1-9][0-9]{0,4}", word) or int(word) > 65535:
        raise UserError(f"GRADIO_SERVER_PORT is {word!r}; it must be a port from 1 to 65535.")
    return int(word)


def check_address() -> None:
    """Look whether the app can be served where GRADIO_SERVER_NAME, GRADIO_SERVER_PORT and GRADIO_ROOT_PATH say.

    Raises:
        UserError: it cannot, such as when another program uses the port.
    """
    below = os.environ.get("GRADIO_ROOT_PATH", "")
    if below and not re.fullmatch(r"(https?://[^\s/]+)?(/[^\s/]+)*", below):
        raise UserError(
            f"GRADIO_ROOT_PATH is {below!r}; it must be a path such as /lab, without a slash at its end, or an address."
        )
    host, port = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), server_port()
    with socket.socket() as probe:
        # As the server itself does: a port that was left a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port or 0))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            reason = "another program uses this port" if taken else error.strerror
            raise UserError(
                f"The app cannot be served at {host}{f':{port}' if port else ''}: {reason}; "
                "GRADIO_SERVER_NAME and GRADIO_SERVER_PORT set the address."
            ) from error


def idle_seconds() -> float | None:
    """Return after how many seconds without use a graph is closed, as LATENT_IDLE_MINUTES says; None for never, or 0.

    Raises:
        UserError: it is no such number.
    """
    word = os.environ.get("LATENT_IDLE_MINUTES") or "5"
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", word):
        raise UserError(
            f"LATENT_IDLE_MINUTES is {word!r}; it must be a number of minutes, or 0 for never."
        )
    return 60 * float(word) or None


server_port()  # raises now what Gradio would raise

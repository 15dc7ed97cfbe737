"""The listening socket, opened once by the parent and shared by all workers."""

from __future__ import annotations

import errno
import ipaddress
import socket
import ssl
from pathlib import Path

BACKLOG = 2048
# A reader that has stalled would otherwise outlive the ping time-out by minutes: the kernel
# goes on resending what it cannot deliver. Pings go every 5 s and wait 10.
USER_TIMEOUT_MS = 15_000


class CannotListen(Exception):  # noqa: N818
    """The address cannot be used; the text is one line that says what to do."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes any that is free.

    Raises:
        CannotListen: for a used port, a name that is not ours, a port below 1024.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError):
        raise CannotListen(f"No such address: {host}. Choose another with --host.") from None
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; accepted sockets inherit it
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListen(_reason(error, host, port)) from None
    listener.set_inheritable(True)
    return listener


def _reason(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use: choose another with --port."
    if error.errno == errno.EACCES:
        return f"Not allowed to use port {port}: choose one above 1023 with --port."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this machine: choose another with --host."
    return f"Cannot listen on {host} port {port} ({error.strerror}): see --host and --port."


def check_certificate(cert: Path, key: Path) -> None:
    """Read the certificate and its key once, before any worker does.

    Raises:
        CannotListen: when they cannot be read or do not belong together.
    """
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise CannotListen(
            f"Cannot use --tls-cert {cert} with --tls-key {key}: {error.strerror or error}."
        ) from None


def local_url(listener: socket.socket, *, tls: bool) -> str:
    """Return the URL by which this machine reaches the socket."""
    host, port = listener.getsockname()[:2]
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        host = "localhost"
    elif address.version == 6:
        host = f"[{host}]"
    return f"{'https' if tls else 'http'}://{host}:{port}"

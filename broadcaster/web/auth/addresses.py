"""Where a request comes from, as far as that can be believed."""

from ipaddress import ip_address

from flask import request


def client_address() -> str:
    """The other end's address. Only a proxy on this machine is believed, and only for the hop that it added itself."""
    peer = request.remote_addr or ""
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    if forwarded and (not peer or _loopback(peer)):
        try:
            return str(ip_address(forwarded))
        except ValueError:
            return peer or "local"
    return peer or "local"


def from_this_machine() -> bool:
    """True for a program on this machine that asks us directly, not through a proxy."""
    return "X-Forwarded-For" not in request.headers and _loopback(request.remote_addr or "")


def _loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False

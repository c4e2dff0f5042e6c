"""Who a text comes from: the senders an operator has, how fast each may send, and which one a phone always sees."""

import hashlib
import math
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a text comes from: a phone (+E164), a name or a messaging service (MG…), and its messages a second."""

    address: str
    rate: float

    @property
    def is_service(self) -> bool:
        """True for a messaging service, which is named in a field of its own."""
        return re.fullmatch(r"MG[0-9a-f]{32}", self.address) is not None

    @property
    def can_receive(self) -> bool:
        """False for a name: nobody can answer it, so a STOP never comes and its texts need a leave link."""
        return self.address.startswith("+") or self.address.isdigit() or self.is_service


def parse_sender(text: str) -> Sender:
    """Read `+E164|NAME|MG…[=rate]`; ValueError says what is wrong.

    Without a rate, Twilio's own: 1 a second for a long number, 100 for a short code, 10 for a name or a service
    (https://www.twilio.com/docs/messaging/guides/scaling-messaging).
    """
    address, _, given = (piece.strip() for piece in text.partition("="))
    if re.fullmatch(r"\+[1-9]\d{6,14}", address):
        rate = 1.0
    elif re.fullmatch(r"\d{3,8}", address):
        rate = 100.0
    elif re.fullmatch(r"MG[0-9a-f]{32}", address) or (
        re.fullmatch(r"[A-Za-z0-9 &_-]{1,11}", address) and re.search("[A-Za-z]", address)
    ):
        rate = 10.0
    else:
        raise ValueError(f"sender {address!r} is not a +number, a name of 1 to 11 letters, or MG and 32 hex digits")
    if given or "=" in text:
        if not re.fullmatch(r"\d+(\.\d+)?", given) or float(given) <= 0:
            raise ValueError(
                f"sender {address!r} has the rate {given!r}; it must be a number of messages a second above 0"
            )
        rate = float(given)
    return Sender(address, rate)


def parse_senders(text: str) -> tuple[Sender, ...]:
    """Read a comma-separated list of senders; empty text gives none. ValueError as `parse_sender`."""
    return tuple(parse_sender(piece) for piece in text.split(",") if piece.strip())


def choose_sender(senders: tuple[Sender, ...], phone: str) -> Sender:
    """Pick the sender a phone always sees, shared out by rate (weighted rendezvous hashing).

    Adding a sender moves only the phones that it takes over: a STOP is stored per sender, and people know the number.
    """

    def score(sender: Sender) -> float:
        digest = hashlib.sha256(f"{sender.address}\0{phone}".encode()).digest()
        return -sender.rate / math.log((int.from_bytes(digest[:8], "big") + 1) / (2**64 + 1))

    return max(senders, key=score) if len(senders) > 1 else senders[0]

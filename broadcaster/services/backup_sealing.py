"""The file format of backups: compressed, encrypted and tamper-evident, written and read as a stream.

After MAGIC come a salt (16 bytes) and a nonce prefix (7), then pieces: length (4 bytes, big-endian) and ciphertext. Each
piece is AES-256-GCM under a key made from SECRET_KEY by HKDF-SHA256; its nonce is the prefix, its number (4 bytes) and
whether it is the last (1 byte), so that pieces cannot be left out, swapped or cut off unseen (the STREAM construction of
Hoang, Reyhanitabar, Rogaway and Vizár, 2015).
"""

import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from broadcaster.domain.errors import Invalid, Problem

MAGIC = b"broadcaster backup 1\n"
_SALT, _PREFIX, _TAG = 16, 7, 16
#: Plain bytes in a piece.
PIECE = 1 << 20


def _cipher(secret: str, salt: bytes) -> AESGCM:
    key = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"broadcaster backup").derive(secret.encode())
    return AESGCM(key)


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])


class Sealed:
    """A file being written: `write` any number of times, then `close`. Until then it cannot be read as a backup."""

    def __init__(self, file: BinaryIO, secret: str) -> None:
        salt, self._prefix = os.urandom(_SALT), os.urandom(_PREFIX)
        self._cipher = _cipher(secret, salt)
        self._file, self._number, self._waiting = file, 0, bytearray()
        self._press = zlib.compressobj(level=1)
        file.write(MAGIC + salt + self._prefix)

    def write(self, data: bytes) -> None:
        """Add `data`."""
        self._waiting += self._press.compress(data)
        # A full piece stays until more comes: the last one must be marked.
        while len(self._waiting) > PIECE:
            self._put(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]

    def close(self) -> None:
        """Write what is left, marked as the end."""
        self._waiting += self._press.flush()
        while len(self._waiting) > PIECE:
            self._put(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        self._put(bytes(self._waiting), last=True)

    def _put(self, piece: bytes, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._prefix, self._number, last), piece, MAGIC)
        self._file.write(len(sealed).to_bytes(4, "big") + sealed)
        self._number += 1


def unseal(source: Path, secret: str, put: Callable[[bytes], object]) -> None:
    """Hand the content of a backup to `put`, bit by bit. Invalid when anything is wrong with it; what came is then void."""
    press = zlib.decompressobj()
    try:
        with source.open("rb") as file:
            for piece in _pieces(file, secret):
                put(press.decompress(piece))
            put(press.flush())
    except (InvalidTag, EOFError, zlib.error) as error:
        cure = "Take another copy, and the SECRET_KEY under which it was made."
        raise Invalid([Problem(str(source), "is damaged, or was made under another SECRET_KEY.", cure)]) from error
    except OSError as error:
        raise Invalid([Problem(str(source), f"cannot be read ({error.strerror}).")]) from error


def _pieces(file: BinaryIO, secret: str) -> Iterator[bytes]:
    if file.read(len(MAGIC)) != MAGIC:
        raise Invalid([Problem(file.name, "is not a backup of the broadcaster.")])
    salt, prefix = file.read(_SALT), file.read(_PREFIX)
    cipher, number, last = _cipher(secret, salt), 0, False
    size = file.read(4)
    while not last:
        length = int.from_bytes(size, "big")
        if len(size) < 4 or not _TAG <= length <= PIECE + _TAG:
            raise EOFError
        sealed = file.read(length)
        size = file.read(4)
        last = not size
        yield cipher.decrypt(_nonce(prefix, number, last), sealed, MAGIC)
        number += 1

"""Dramatiq with a message per recipient: `dramatiq bench.peer_dramatiq --processes 2 --threads 8`."""

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from bench.peer_text import BROKER, send_text

dramatiq.set_broker(RedisBroker(url=os.environ[BROKER]))  # type: ignore[no-untyped-call]
dramatiq.actor(send_text)

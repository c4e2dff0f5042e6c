"""`python -m channels.sandbox`: the provider servers on free ports, believing any well-formed credentials."""

from channels.sandbox.server import run

run(adopt=True)

"""Writes the next revision: `python -m migrations "add a column"` compares the tables with what the revisions make.

Read what it wrote: a renamed column looks to it like one dropped and one added.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command

from broadcaster.services import migrating
from broadcaster.store.database import Database


def main(words: list[str]) -> int:
    """Write a revision whose message is `words`; 2 when there are none."""
    if not words:
        sys.stderr.write('usage: python -m migrations "what changes"\n')
        return 2
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{Path(folder) / 'empty.db'}")
        if migrating.known():
            migrating.upgrade(db)
        with db.write() as tx:
            number = f"{len(migrating.known()) + 1:04d}"
            command.revision(migrating.config(tx), " ".join(words), autogenerate=True, rev_id=number)
        db.dispose()
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", Path(__file__).parent], check=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

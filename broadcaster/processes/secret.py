"""The secret of an installation that was given none: made once, kept in VAR_DIR/secret_key for its owner alone."""

import os
import secrets
from pathlib import Path

FILE = "secret_key"


def secret_of(var_dir: Path, make: bool = True) -> str:
    """The secret in `var_dir`; made where there is none, unless `make` is false: then empty."""
    path = var_dir / FILE
    if make and not path.exists():
        var_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = var_dir / f".{FILE}.{os.getpid()}"
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48) + "\n")
        try:
            # Whole or not at all, and never over one that another process has made meanwhile.
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip() if path.exists() else ""

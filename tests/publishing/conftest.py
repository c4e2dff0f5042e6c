"""The browser that looks at the public pages."""

import shutil
from typing import Any

import pytest

#: As tests/install_browser.sh looks for one; with none of them, Playwright takes its own.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Chromium from the machine, which reaches this machine only."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    return {**browser_type_launch_args, "args": list(ARGUMENTS)} | ({"executable_path": path} if path else {})

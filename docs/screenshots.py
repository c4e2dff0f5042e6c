"""`python -m docs.screenshots`: plays the demo, looks at it in a browser at the right moments, and writes docs/images/."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SIZE = (1200, 800)
#: As the tests' browser: Debian's where it is installed, else Playwright's own.
CHROMIUM = shutil.which("chromium")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bc-") as folder:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("BROADCASTER_")}
        demo = subprocess.Popen(
            [sys.executable, "-m", "broadcaster", "demo"],
            cwd=ROOT,
            env=plain | {"BROADCASTER_VAR_DIR": folder, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert demo.stdout is not None
            look(iter(demo.stdout))
        finally:
            demo.send_signal(signal.SIGINT)
            demo.communicate()


def look(lines: Iterator[str]) -> None:
    """Follow what the demo says, and take a picture of what it has just done."""
    opening = until(lines, "what residents see")
    found = re.findall(r"^ +(console|Ben|status page|what residents see) +(\S+)(?: +(\S+))?$", opening, re.MULTILINE)
    address = {name: (first, second) for name, first, second in found}
    console, seen = address["console"][0], address["what residents see"][0]
    with sync_playwright() as play:
        flags = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
        browser = play.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
        log_in(page, console, *address["Ben"])
        until(lines, "A resident texts back")
        picture(page, f"{address['status page'][0]}", "status-page")
        until(lines, "The facts: Ada writes")
        until(lines, "facebook")
        page.goto(console)
        page.get_by_role("link", name="The facts").first.click()
        page.wait_for_load_state("networkidle")
        page.screenshot(path=IMAGES / "alert.png")
        until(lines, "The story is over")
        for path, name in (("", "overview"), ("/inbox", "inbox"), ("/incidents/brisbane-flood", "incident")):
            picture(page, console + path, name)
        picture(page, f"{seen}/?still", "residents-see")
        browser.close()


def log_in(page: Page, console: str, email: str, password: str) -> None:
    page.goto(console)
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", password)
    page.click("[type=submit]")
    page.wait_for_url(lambda url: "login" not in url)


def picture(page: Page, url: str, name: str) -> None:
    page.goto(url)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"{name}.png")


def until(lines: Iterator[str], words: str) -> str:
    """Everything up to the line with `words`."""
    read = []
    for line in lines:
        read.append(line)
        if words in line:
            return "".join(read)
    raise SystemExit(f"the demo ended before it said {words!r}")


if __name__ == "__main__":
    main()

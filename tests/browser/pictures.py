"""`python -m tests.browser.pictures`: a picture of every page of the console, by day on a desk and at night on a phone, for docs/pages.md.

Only `make screenshots` runs it. The pages are those of test_every_page.py, so that none can be forgotten.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from broadcaster.store.database import Database
from tests.browser.conftest import Town, served
from tests.browser.test_every_page import paths
from tests.web.cast import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "images" / "pages"
LIST = ROOT / "docs" / "pages.md"
#: (name, width, height, theme, language of the browser).
LOOKS = (("desk", 1280, 900, "light", "en-AU"), ("phone", 360, 740, "dark", "nb-NO"))
#: Pages before the log-in.
OUTSIDE = {"login": "/login", "break_glass": "/break-glass", "wall_key": "/wall/key"}
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
_QUALITY = 45


def main(only: str = "") -> None:
    """All pages, or those whose names contain `only`."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bc-") as folder:
        template = Path(folder) / "broadcaster.db"
        db = Database(f"sqlite:///{template}")
        db.create()
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()
        with served(template) as town, sync_playwright() as play:
            browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            names = [name for look in LOOKS for name in _look(browser, town, look, only)]
            browser.close()
    if not only:
        _list(sorted(set(names)))


def _look(browser: Browser, town: Town, look: tuple[str, int, int, str, str], only: str) -> list[str]:
    name, width, height, theme, locale = look
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        locale=locale,
    )
    taken = [_take(page, town.url + path, key, name) for key, path in OUTSIDE.items() if only in key]
    page.goto(f"{town.url}/login")
    page.fill("#email", "root@bcc.example")
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(f"{town.url}/")
    inside = {key.removeprefix("console."): found[-1] for key, found in paths(town).items()}
    taken += [
        _take(page, town.url + path, key, name) for key, path in inside.items() if only in key and key not in OUTSIDE
    ]
    page.close()
    return taken


def _take(page: Page, url: str, key: str, look: str) -> str:
    page.goto(url)
    page.wait_for_load_state("load")
    page.screenshot(path=PICTURES / f"{key}-{look}.jpg", type="jpeg", quality=_QUALITY)
    return key


def _list(names: list[str]) -> None:
    rows = [
        f"| `{name}` | ![{name} on a desk](images/pages/{name}-desk.jpg) | ![{name} on a phone](images/pages/{name}-phone.jpg) |"
        for name in names
    ]
    head = [
        "# Every page of the console",
        "",
        "Taken by `make screenshots`, on a desk by day (English) and on a phone at night (bokmål).",
        "",
        "| page | desk | phone |",
        "|---|---|---|",
    ]
    LIST.write_text("\n".join([*head, *rows, ""]), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:2])

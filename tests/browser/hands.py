"""Hands that work at a person's pace, by mouse or by keyboard alone, and count what they press."""

from playwright.sync_api import Locator, Page

#: Milliseconds: finding the next thing on the page, and between two letters.
FIND, LETTER = 400, 60
#: Presses of the tab key after which something counts as out of reach.
FAR = 200


class Mouse:
    """Looks, moves, clicks; `clicks` counts choices in lists and boxes too."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks = page, 0

    def press(self, what: str) -> None:
        """A link or a button."""
        self._at(what).click()

    def choose(self, what: str, value: str) -> None:
        """One of a list."""
        self._at(what).select_option(value)

    def tick(self, what: str) -> None:
        """A box."""
        self._at(what).check()

    def write(self, what: str, words: str) -> None:
        """Into a field, over what stands there."""
        field = self._at(what)
        field.fill("")
        field.press_sequentially(words, delay=LETTER)

    def _at(self, what: str) -> Locator:
        self.page.wait_for_timeout(FIND)
        self.clicks += 1
        return self.page.locator(what).first


class Keyboard(Mouse):
    """Goes from one thing to the next by the tab key, and never touches the mouse."""

    def press(self, what: str) -> None:
        self._reach(what)
        self.page.keyboard.press("Enter")

    def choose(self, what: str, value: str) -> None:
        self._reach(what)
        field = self.page.locator(what).first
        for _ in range(FAR):
            if field.input_value() == value:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{value} is not in {what}")

    def tick(self, what: str) -> None:
        self._reach(what)
        self.page.keyboard.press("Space")

    def write(self, what: str, words: str) -> None:
        self._reach(what)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(words, delay=LETTER)

    def _reach(self, what: str) -> None:
        self.page.wait_for_timeout(FIND)
        wanted = self.page.locator(what).first
        wanted.wait_for()
        for _ in range(FAR):
            if wanted.evaluate("each => each === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not get to {what}")

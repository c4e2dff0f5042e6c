"""Reads a page's form as a browser would send it."""

from html.parser import HTMLParser


class Form(HTMLParser):
    """The names and values that the form `form_id` would send, were its button pressed now."""

    def __init__(self, page: str, form_id: str) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self._wanted, self._inside, self._select, self._area = form_id, False, "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "form":
            self._inside = given.get("id") == self._wanted
        elif not self._inside:
            return
        elif tag == "input":
            pressed = given.get("type", "text") not in ("checkbox", "radio", "file") or "checked" in given
            if name and pressed and "disabled" not in given:
                self.values.setdefault(name, []).append(given.get("value") or "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given:
            self.values.setdefault(self._select, []).append(given.get("value") or "")
        elif tag == "textarea":
            self._area = name
            self.values.setdefault(name, []).append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.values[self._area][-1] += data

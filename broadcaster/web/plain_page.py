"""A page's HTML as plain text, the way it is read out: for previews inside the console, which shows nobody's markup."""

from html.parser import HTMLParser

_BREAKS = frozenset({"h1", "h2", "h3", "h4", "p", "li", "dt", "dd", "section", "ul", "dl", "figure"})


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKS:
            self._break(blank=tag in ("h2", "h3", "section"))
        if tag == "li":
            self.lines[-1] = "• "
        if tag == "dd":
            self.lines[-1] = "  "
        if tag == "img":
            self.lines[-1] += f"[{dict(attrs).get('alt') or ''}]"

    def handle_endtag(self, tag: str) -> None:
        if tag in _BREAKS:
            self._break(blank=False)

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if not text:
            return
        line = self.lines[-1]
        gap = " " if line and not line.endswith(" ") and data[:1].isspace() else ""
        self.lines[-1] = line + gap + text + (" " if data[-1:].isspace() else "")

    def _break(self, blank: bool) -> None:
        if self.lines[-1].strip():
            self.lines.append("")
        if blank and len(self.lines) > 1 and self.lines[-2].strip():
            self.lines.append("")


def plain_page(html: str) -> str:
    """Headings, paragraphs and lists as lines; no tags are left."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return "\n".join(line.rstrip() for line in reader.lines).strip()

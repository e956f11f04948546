"""Web pages -> Markdown. Nothing in a page is run or fetched."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

from assistant.knowledge.reading.tables import cell
from assistant.knowledge.reading.text import Read, decoded_bytes, tidy

_SILENT = (
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "iframe",
    "object",
    "embed",
    "head",
    "input",
    "select",
    "button",
    "textarea",
)
_SPAN = 100  # columns or rows of a merged cell that are filled


def read_html(name: str, path: Path) -> Read:
    text, warnings = decoded_page(name, path.read_bytes())
    return Read("html", markdown(text), 1, warnings)


def decoded_page(name: str, data: bytes) -> tuple[str, tuple[str, ...]]:
    """The text of a page by the encoding that it declares, where its bytes are in it; else by what they look like."""
    from bs4.dammit import EncodingDetector

    declared = EncodingDetector.find_declared_encoding(data, is_html=True, search_entire_document=False)
    if declared and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        wider = {
            "gb2312": "gb18030",
            "gbk": "gb18030",
            "iso-8859-1": "cp1252",
            "us-ascii": "utf-8",
            "shift_jis": "cp932",
        }
        try:
            return data.decode(wider.get(declared.lower(), declared)), ()
        except (LookupError, UnicodeDecodeError):  # what it declares is wrong
            pass
    return decoded_bytes(name, data)


def markdown(html: str, titled: bool = True) -> str:
    """A page's text with its headings, lists and tables. Nothing is run or fetched, and no script is kept as text."""
    from bs4 import BeautifulSoup, Comment

    soup = BeautifulSoup(html, "lxml")
    title = cell(soup.title.get_text()) if soup.title else ""
    for tag in soup(_SILENT):
        tag.decompose()
    for image in soup("img"):
        image.replace_with(cell(image.get("alt")))
    for comment in soup.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    _fill_merged(soup)
    has_heading = soup.find(["h1", "h2"]) is not None
    converter = _converter()(
        heading_style="ATX",
        bullets="-",
        strip=["a"],
        table_infer_header=True,
        escape_asterisks=False,
        escape_underscores=False,
        escape_misc=False,
    )
    try:
        text = str(converter.convert_soup(soup))
    except RecursionError:  # nested deeper than any page that a person wrote
        text = soup.get_text("\n")
    text = _single_blank(tidy(text))
    return f"# {title}\n\n{text}" if titled and title and not has_heading else text


def _single_blank(text: str) -> str:
    lines = ["", *text.split("\n")]
    return "\n".join(line for before, line in pairwise(lines) if before or line)


def _converter() -> Any:
    """markdownify's, with what a text must not turn into escaped: a heading, or the border of a cell."""
    import markdownify

    library: Any = markdownify.MarkdownConverter  # its stubs know none of the methods that are made to be overridden

    class TextConverter(library):  # type: ignore[misc]
        def convert_p(self, el: Any, text: str, parent_tags: set[str]) -> str:
            return str(super().convert_p(el, re.sub(r"^(\s*)(#{1,6}\s)", r"\1\\\2", text), parent_tags))

        def convert_td(self, el: Any, text: str, parent_tags: set[str]) -> str:
            return str(super().convert_td(el, " ".join(text.split()).replace("|", "\\|"), parent_tags))

        def convert_th(self, el: Any, text: str, parent_tags: set[str]) -> str:
            return str(super().convert_th(el, " ".join(text.split()).replace("|", "\\|"), parent_tags))

    return TextConverter


def _fill_merged(soup: Any) -> None:
    """A cell over several columns or rows stands in each of its places."""
    for sheet in soup("table"):
        below: dict[int, dict[int, Any]] = {}
        for number, row in enumerate(sheet("tr")):
            if row.find_parent("table") is not sheet:
                continue
            column, waiting = 0, below.pop(number, {})
            for one in row.find_all(["td", "th"], recursive=False):
                while column in waiting:
                    one.insert_before(_plain_copy(waiting.pop(column)))
                    column += 1
                across, down = _span(one, "colspan"), _span(one, "rowspan")
                for place in range(column, column + across):
                    for under in range(1, down):
                        below.setdefault(number + under, {})[place] = one
                for _ in range(1, across):
                    one.insert_after(_plain_copy(one))
                column += across
                del one["colspan"], one["rowspan"]
            for place in sorted(waiting):
                row.append(_plain_copy(waiting[place]))


def _plain_copy(tag: Any) -> Any:
    from copy import copy

    made = copy(tag)
    del made["colspan"], made["rowspan"]
    return made


def _span(tag: Any, name: str) -> int:
    said = str(tag.get(name) or "1").strip()
    return min(int(said), _SPAN) if said.isdecimal() and int(said) else 1

"""Mail (.eml) -> Markdown: who wrote what to whom. Attachments are named, not read."""

from __future__ import annotations

from email import policy
from email.message import MIMEPart
from email.parser import BytesParser
from pathlib import Path

from assistant.knowledge.reading.pages.html import decoded_page, markdown
from assistant.knowledge.reading.tables import cell
from assistant.knowledge.reading.text import Read, decoded_bytes, tidy

_HEADERS = ("From", "To", "Cc", "Date")


def read_mail(name: str, path: Path) -> Read:
    """The subject is the heading, and the text below it the plain one where there are two."""
    message = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
    subject = cell(message.get("Subject"))
    parts = [f"# {subject}"] if subject else []
    parts.append("\n".join(f"{header}: {cell(message[header])}" for header in _HEADERS if message[header]))
    body = message.get_body(("plain", "html"))
    warnings: tuple[str, ...] = ()
    if body is not None:
        text, warnings = _text(name, body)
        parts.append(text)
    attached = [one.get_filename() or one.get_content_type() for one in message.iter_attachments()]
    if attached:
        which = ", ".join(map(cell, attached[:10])) + (" and others" if len(attached) > 10 else "")
        warnings = (*warnings, f"What is attached to '{name}' is left out: {which}. Add it as files of its own.")
    return Read("mail", tidy("\n\n".join(part for part in parts if part)), 1, warnings)


def _text(name: str, body: MIMEPart) -> tuple[str, tuple[str, ...]]:
    """The text of a part, by the encoding that it names, else by the one its bytes look like."""
    data = body.get_payload(decode=True)
    assert isinstance(data, bytes)
    warnings: tuple[str, ...] = ()
    try:
        text = data.decode(body.get_content_charset() or "ascii")
    except (LookupError, UnicodeDecodeError):
        text, warnings = (decoded_page if body.get_content_subtype() == "html" else decoded_bytes)(name, data)
    if body.get_content_subtype() == "html":
        text = markdown(text, titled=False)
    return text, warnings

"""Mail: who wrote what, in whatever encoding; attachments are named."""

from __future__ import annotations

from email.message import EmailMessage

from assistant.knowledge.reading import ingestion


def message() -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "Größe der Boote", "Ann <ann@example.org>", "desk@example.org"
    mail.set_content("Ein Boot kostet neun Euro, größere zwölf.\n")
    return mail


def test_a_mail_is_its_subject_its_heads_and_its_text() -> None:
    found = ingestion.read("a.eml", message().as_bytes(), max_mb=1)
    assert found.kind == "mail"
    assert found.text == (
        "# Größe der Boote\n\nFrom: Ann <ann@example.org>\nTo: desk@example.org\n\n"
        "Ein Boot kostet neun Euro, größere zwölf."
    )
    assert found.warnings == ()


def test_what_is_attached_is_told_and_a_page_is_read() -> None:
    mail = message()
    mail.set_content("<html><body><h2>Fees</h2><p>Nine &euro;.</p></body></html>", subtype="html")
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="fees.pdf")
    found = ingestion.read("a.eml", mail.as_bytes(), max_mb=1)
    assert found.text.endswith("## Fees\n\nNine €.")
    assert "left out: fees.pdf" in found.warnings[0]


def test_a_text_that_is_not_in_the_encoding_it_names_is_doubted() -> None:
    data = b"Subject: Fees\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
    found = ingestion.read("a.eml", data + "Ein größeres Boot kostet zwölf Euro.".encode("cp1252"), max_mb=1)
    assert found.text.endswith("Ein größeres Boot kostet zwölf Euro.")
    assert "cp1252" in found.warnings[0]

"""The guide's written knowledge: the sections of library/*.md, found by Chroma and by their words, with a source."""

from __future__ import annotations

import hashlib
import re
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.guide import terms
from assistant.knowledge.search.corpus import Corpus
from assistant.knowledge.search.index import Index
from assistant.knowledge.search.lexical_embedding import Embedder
from assistant.knowledge.search.words import content, stem, words
from assistant.record.types import Document

if TYPE_CHECKING:
    from assistant.settings import Settings

ARTICLES = Path(__file__).parent / "library"
NAME, FOLDER = "guide-library", "library"  # of the collection, and of its folder in the data folder
FOUND = 2  # sections that answer a question at most
FLOOR = 0.5  # share of a question that a section must hold, or it has nothing to do with it
_CANDIDATES, _FUSION = 12, 60.0
_VAGUE = frozenset(  # said in questions about anything, so that lacking them says nothing about a section
    stem(word)
    for word in "mean good bad sure know find thing need needs use used want say tell work works happen happens really "
    "still actually possible somebody someone something anything everything people way else ever best new old give "
    "given take takes put go goes going come comes see look think believe doesnt wouldnt dont cant wont isnt arent "
    "couldnt shouldnt havent hasnt didnt im ive youre theres whats lets".split()
)
_NOTE = re.compile(r"<!--.*?-->", re.S)


@dataclass(frozen=True)
class Section:
    """A piece of written knowledge. `head`: its title and other words for what it is about, searched and not shown.

    `share`: of the question's words, each by its rarity, how much it holds, 0 to 1.
    """

    article: str
    title: str
    text: str
    head: str = ""
    share: float = 0.0

    @property
    def source(self) -> str:
        return f"{self.article}, “{self.title}”"


class Library:
    """The articles, and their index in the data folder. Cheap to open; close it afterwards."""

    def __init__(self, settings: Settings, articles: Path = ARTICLES) -> None:
        documents = [_document(number, path) for number, path in enumerate(sorted(articles.glob("*.md")), start=1)]
        self._corpus = Corpus(documents)
        self._index = Index(settings.data / FOLDER, Embedder())
        self.sections = _sections(documents)
        self._heads = {path: frozenset(content(section.head)) for path, section in self.sections.items()}

    def find(self, question: str, most: int = FOUND) -> list[Section]:
        """Sections that answer a question, best first; none where nothing fits.

        The index is made on first use and changed only where a text has changed: a chunk's id is the hash of its text.
        """
        question = " ".join(word for word in words(question) if stem(word) not in _VAGUE)
        asked = set(content(question))
        if not asked:
            return []
        near = self._index.nearest(NAME, self._corpus.texts, question, _CANDIDATES)
        hits = {hit.place: hit.coverage for hit in self._corpus.by_words(question, _CANDIDATES)}
        about = {place: len(asked & self._heads[self._corpus.chunks[place].heading]) for place in hits}
        found: dict[str, Section] = {}
        for place in _ranked(
            list(hits),
            [self._corpus.places[id] for id, _ in near],
            sorted((place for place in hits if about[place]), key=lambda place: -about[place]),
        ):
            heading, share = self._corpus.chunks[place].heading, hits.get(place, 0.0)
            if heading not in found and share >= FLOOR:
                found[heading] = replace(self.sections[heading], share=round(share, 3))
        return list(found.values())[:most]

    def close(self) -> None:
        self._index.close()


def warm(settings: Settings) -> None:
    """Load what the first question would wait for (seconds), and make the index."""
    with closing(Library(settings)) as library:
        library.find("example")


def look_up(settings: Settings, question: str) -> dict[str, Any]:
    """What is known of a question: {"sections": [{"source", "text"}], "term"?, "definition"?}, empty where nothing is.

    The glossary's definition goes first where the question is about a term, and alone where no section fits.
    """
    with closing(Library(settings)) as library:
        found = library.find(question)
    term = terms.asked(question) or (None if found else terms.mentioned(question))
    known = {"term": term.name, "definition": term.text} if term else {}
    return {"sections": [{"source": section.source, "text": section.text} for section in found], **known}


def _ranked(*rankings: list[int]) -> list[int]:
    """Places by reciprocal rank fusion, best first."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, place in enumerate(ranking, start=1):
            scores[place] = scores.get(place, 0.0) + 1.0 / (_FUSION + rank)
    return sorted(scores, key=lambda place: (-scores[place], place))


def _document(number: int, path: Path) -> Document:
    text = path.read_text(encoding="utf-8")
    return Document(number, NAME, path.name, "markdown", text, hashlib.sha256(text.encode()).hexdigest())


def _sections(documents: list[Document]) -> dict[str, Section]:
    """Every section by its path of headings, as the chunks have it."""
    found = {}
    for document in documents:
        article, *parts = re.split(r"^#{1,2} ", document.text.strip(), flags=re.M)[1:]
        for part in parts:
            title, _, text = part.partition("\n")
            head = " ".join([title, *(note[4:-3].removeprefix(" asked:") for note in _NOTE.findall(text))])
            section = Section(article.strip(), title.strip(), _NOTE.sub("", text).strip(), head)
            found[f"{section.article} > {section.title}"] = section
    return found

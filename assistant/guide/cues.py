"""Cues: word lists and patterns that tell which question of the brief a clause of a message answers."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Cue:
    """A clause that `pattern` finds tells about `field`. A `plain` one says so whatever was asked; any other one only
    while the first questions are asked, because later answers use the same words for something else."""

    field: str
    plain: bool
    pattern: re.Pattern[str]


LANGUAGES = (
    "english german french spanish portuguese italian dutch polish czech turkish swedish danish norwegian finnish "
    "russian ukrainian japanese chinese mandarin korean arabic hebrew hindi urdu bengali greek hungarian romanian "
    "bulgarian croatian serbian welsh catalan thai vietnamese indonesian farsi persian yiddish somali swahili malay "
    "tagalog "
    "afrikaans slovak slovenian estonian latvian lithuanian icelandic irish basque tamil punjabi georgian armenian "
    "albanian"
).split()
TONES = (
    "friendly warm polite formal informal casual calm kind cheeky playful professional neutral factual sober blunt "
    "honest dry witty funny humorous empathetic caring patient encouraging respectful serious relaxed confident "
    "cheerful upbeat crisp matter-of-fact gentle grateful clinical easygoing laid-back courteous enthusiastic "
    "reassuring precise concise personal sporty terse minimal welcoming straightforward sarcastic firm lively"
).split()
PEOPLE = (
    "customers clients guests members patients students citizens employees colleagues staff users readers visitors "
    "players subscribers donors travellers parents tenants analysts engineers developers agents applicants owners "
    "buyers people ppl folks families kids children clerks managers teams pupils teachers residents fans drivers "
    "nurses doctors lawyers technicians listeners viewers shoppers passengers households farmers couples volunteers "
    "mechanics "
    "chefs"
).split()
_OTHERS = (
    "always never should answers replies language budget format month write sentences words friendly customer "
    "nothing machine computer promise mention anything shouldn't"
).split()

_LANG = rf"(?:{'|'.join(LANGUAGES)})"
_TONE = rf"(?:{'|'.join(TONES)})"
_PEOPLE = rf"(?:{'|'.join(PEOPLE)})"
_IT = (
    r"(?:(?:the |our |its |every |all |each |an? )?(?:answers?|repl(?:y|ies)|responses?|outputs?|texts?|assistant"
    r"|bot|ai"
    r"|model)|it|they|that)"
)
_MODAL = r"(?:should|must|needs? to|ha(?:s|ve) to|ought to|shall|can|may)"
_NUMBER = (
    r"(?:\d[\d.,]*\s?(?:k|m|thousand|million)?\+?(?:ish)?|(?:a )?(?:few |couple (?:of )?)?(?:hundreds?|thousands?"
    r"|dozens?)(?: of)?|a few|several"
    r"|ten|twenty|thirty|forty|fifty|(?:one|two|three|four|five|six|seven|eight|nine)(?: hundred| thousand)?)"
)
_MONEY = r"(?:[$€£]\s?\d|\b\d[\d.,]*\s?k?\s?(?:€|\$|£|dollars?|usd|euros?|eur|pounds?|gbp|bucks|francs?|chf)\b)"
_UNIT = r"(?:month|mo|week|wk|day|year|yr|hour|night|quarter)s?\b"
_RATE = (
    rf"{_NUMBER}\s?(?!(?:hours?|hrs?|minutes?|evenings?|days?)\b)(?:[a-z'-]+ ){{0,3}}(?:[a-z'-]+)?"
    rf"(?:(?:(?<= )|(?<=\d))(?:a|per|every|each|in (?:the|a|one)) |\s?/\s?){_UNIT}"
    rf"|{_NUMBER} (?:[a-z'-]+ ){{0,3}}(?:daily|weekly|monthly)\b"
)
_SIZE = r"(?:words?|sentences?|lines?|steps?|paragraphs?|bullets?|bullet points?|characters?|pages?)"
_FORM = r"(?:json|yaml|csv|xml|markdown|table|bullet|bullets|list|single|one word|one line|one sentence)"
_AT_HOME = (
    r"(?:machines?|computers?|house|company|building|network|premises?|practice|office|servers?|eu|country|inside"
    r"|locally|in[- ]house|tenant|clinic|school|hospital|infrastructure|vpc|data ?cent(?:re|er)|cluster|campus"
    r"|intranet)"
)
_HAVE = r"(?:get|have|handle|receive|see|answer|process|do|send)"

_TABLE: tuple[tuple[str, bool, str], ...] = (
    (
        "costs",
        True,
        rf"\b(?:leaves?|stays?|remains?|kept|outside)\b.*\b{_AT_HOME}\b|\bnothing (?:may|must|can"
        rf"|should) leave"
        r"|\b(?:go|sen[dt]) (?:\w+ )?(?:in)?to (?:the|some|a|any) cloud\b|\b(?:no|not"
        r"|never) (?:\w+ ){0,2}outside\b|^(?:the |our )?budget\b[ :=]+(?!in|and|app)\w|\bno budget\b"
        r"|\bon[- ]prem\b",
    ),
    (
        "costs",
        False,
        rf"{_MONEY}|\bcloud\b|\bon (?:our|my|the) (?:own )?{_AT_HOME}\b|\bno money\b|\b(?:gpu|rtx|a100"
        rf"|h100|laptop|macbook|local only)\b"
        r"|\bprivacy\b|\bgdpr\b|\bconfidential\b|\bsensitive\b|\b(?:30|40|50)[6-9]0\b|\bvram\b"
        r"|\bwe can spend\b|\bas cheap\b|\bfor free\b",
    ),
    ("benefits", True, rf"^(?:we|they|i|{_PEOPLE})\b.{{0,20}}\b{_HAVE} .{{0,15}}(?:{_RATE})"),
    ("benefits", False, rf"{_RATE}|\b(?:per|each|every|a) (?:month|week|day) (?:about |around |roughly |~ ?)?\d"),
    (
        "must_not",
        True,
        rf"^(?:(?:{_IT}|we|you) )?(?:should|must|may|can|shall)?\s?"
        rf"(?:never|not ever|mustn'?t|shouldn'?t|must not|should not|may not)\b"
        rf"(?! (?:tried|used|had|got|get|seen|did|heard|be (?:too )?{_TONE}|{_TONE})\b)",
    ),
    (
        "must_not",
        True,
        r"^under no circumstances\b|\b(?:is|are|it'?s) (?:strictly )?(?:forbidden|not allowed"
        r"|prohibited)\b"
        r"|\bno \w+(?: \w+)? ever\b|^no \w+ in (?:the|any) (?:answers?|output)",
    ),
    ("must_not", False, r"^(?:don'?t|do not|avoid|refrain from)\b(?! (?:know|have|care|mind|want|need|think|really))"),
    (
        "tone",
        False,
        rf"^(?:{_IT} )?(?:{_MODAL} )?sounds?\b(?! good)|^tone \w+$|\bin an? (?:[\w-]+ ){{1,3}}(?:tone"
        rf"|voice)$"
        rf"|^(?:keep|make) (?:it|them|everything) (?:\w+ ){{0,2}}{_TONE}\b"
        rf"|^(?:(?:{_IT}|we) )?(?:{_MODAL} )?(?:be|feel|stay|remain|are|is"
        rf"|keep it) (?:\w+ ){{0,3}}{_TONE}\b"
        rf"|^(?:we'?re|it'?s|i'?m|i am) (?:\w+ ){{0,2}}{_TONE}\b",
    ),
    (
        "format",
        False,
        r"\b(?:nothing|not|no) (?:longer|shorter) than\b|\bnot exceed\b"
        r"|(?:\b(?:max(?:imum|imal)?|at most|no(?:t)? more than|up to|under|below|fewer than|less than"
        r"|about"
        rf"|keep it|only)|<=|<|^\d+) ?.{{0,20}}\b{_SIZE}\b|\b{_SIZE} (?:max|at most|or less|tops)\b"
        rf"|^(?:{_IT} (?:{_MODAL} )?(?:always )?(?:be|is|are|use|have|come as) )?(?:an? |in "
        rf"|as )?(?:\w+ )?{_FORM}\b(?! (?:every|all|the)\b)"
        rf"|^(?:{_IT} )?(?:{_MODAL} )?(?:always )?(?:start|begin|open|end|finish|close)s? with\b",
    ),
    (
        "language",
        True,
        r"\b(?:writes?|mails?|speaks?|asks?|emails?|repl(?:y|ies)|answers?|chats?)\b(?: to)?(?: us)?"
        rf"(?: (?:mostly|mainly|usually|only|always|both|either|sometimes|in))* {_LANG}\b",
    ),
    (
        "language",
        False,
        r"^(?:en|de|fr|es|it|pl|nl|pt)(?:(?:[/, ]|and)+(?:en|de|fr|es|it|pl|nl|pt))+$"
        rf"|^(?:[\w']+ ){{0,5}}{_LANG}\b(?:\W+\w+){{0,4}}$|\b(?:language of the question"
        rf"|same language)\b",
    ),
    ("users", True, r"^(?:it|this|that)(?:'?s| is) for \w|\b(?:is|are|gets?) read by\b"),
    (
        "users",
        False,
        rf"^for (?:our|the|my) (?:\w+ ?){{1,5}}$|^for (?:\w+ ){{0,2}}{_PEOPLE}\b|^read by\b"
        rf"|\b(?:aimed at|used by|meant for|intended for|written for)\b|^(?:[\w-]+ ){{1,3}}users$"
        rf"|^(?:(?:the|our|my) )?(?:\w+ ){{0,2}}{_PEOPLE} are (?!not|often|always|too|so|angry"
        rf"|unhappy|confused)"
        r"|^(?:(?:our|the|only|my) )*(?:\w+ )?[a-z]+s (?:will |then |only )?(?:read|see|get"
        r"|receive)s? (?:it|them"
        r"|(?:the|an?) (?:answer|label|result|output|text|summar|repl)\w*)"
        rf"|\b{_PEOPLE} (?:will |then |only )?(?:read|see|get|receive)s? (?:it|them|the|only|our)\b",
    ),
    (
        "success",
        False,
        r"^(?!.*\b(?:now|currently|today|wrong)\b).*\b\d+ ?(?:%|percent) (?:of|right|correct|accura)"
        r"|^(?!.*\b(?:now|currently|today)\b).*\b(?:accuracy|f1|csat|nps|exact match)\b"
        r"|^success\b|\bwe(?:'d| would| will|'ll)? (?:know|be happy|be satisfied|measure)\b"
        r"|\bgood enough\b",
    ),
    (
        "alternatives",
        True,
        r"^(?:(?:so far|until now|already) )?(?:we|i)(?:'ve| have)? (?:(?:already|only|just|also) )?"
        r"(?:tried|tested|experimented)\b|^tried \w"
        r"|\bwe (?:currently |now )?use (?:chatgpt|gpt|an? prompt|claude|copilot|templates?"
        r"|macros?)\b",
    ),
    (
        "alternatives",
        False,
        r"\b(?:prompt(?:s|ing)?|few[- ]shot|rag|retrieval)\b.*"
        r"\b(?:wrong|enough|fails?|drifts?|forgets?|off|misses|nearly|close|bad)\b",
    ),
    ("must", True, rf"^(?:(?:{_IT}|we|you) )?(?:{_MODAL} )?always\b|^(?:{_IT} )must\b(?! be\b)|^make sure\b"),
    (
        "must",
        False,
        rf"^must\b(?! be\b)"
        rf"|^(?:{_IT} )?{_MODAL} (?:also )?(?:mention|include|contain|cite|link|quote|state)s?\b",
    ),
)
CUES = tuple(Cue(field, plain, re.compile(pattern)) for field, plain, pattern in _TABLE)

# What people say the assistant is to do: such a clause answers the first question, whatever else is in it.
_WANT = r"(?:should|must|needs? to|has to|wants?|would like|'d like|gonna|going to|shall|please|will|can)"
_VERB = (
    r"(?:answer|write|draft|reply|repl|respond|help|sort|tag|classif|summar|extract|turn|convert|generat|translat"
    r"|correct"
    r"|flag|tell|explain|review|rewrit|rout|triag|make|creat|produc|normali|thank|suggest|find|check|recommend|detect"
    r"|label|read|describe|handle|transform)"
)
TASK = re.compile(
    r"^(?!(?:answers?|replies|texts?) (?:should|must|are|is|need|ha|in|always|never|only|no|max|at most|under|up to)\b)"
    rf"(?:(?:{_IT}|the ai|(?:i|we)(?={_WANT}| {_WANT})) ?)?"
    rf"(?:{_WANT}\b(?: (?:it|the \w+|an? \w+|you|something|smth|sth|help))?(?: to)? ?)*(?:(?:that|which) (?:(?:the "
    rf"|it )?\w+ )?)?{_VERB}"
    rf"|^(?:(?:i|we)(?:'d| would)? )?(?:want|need|like|love|wish)\b(?!.*\b{_LANG}\b)"
)
IN_LANGUAGE = re.compile(rf"\bin (?:(?:both|either|plain|simple) )?({_LANG}(?:(?:, | and | or |, or |, and ){_LANG})*)")
TONE_WORD = re.compile(rf"\b{_TONE}\b")
BARE_FORM = re.compile(rf"^(?:{_IT} )?(?:{_MODAL} )?(?:be )?(?:always )?(?:\w+ )?(?:short|brief)\b")
BARE_TONE = re.compile(  # adjectives alone: a clause of its own
    rf"^(?:(?:very|quite|a bit|always|rather|nice and) )?{_TONE}\b(?:\W+(?:and|but|or|not|too)?\s?\w+){{0,2}}$"
)
BACKGROUND = re.compile(
    r"^(?:(?:hi|hello|hey)\b[\s,!.]*)?(?:we|i)(?:'re|'m| are| am| run| have| own| sell| work"
    r"| make)\b"
)
ASKERS = re.compile(
    rf"\b((?:\w+ )?{_PEOPLE}) (?:who )?(?:mail|write|ask|send|call|contact|chat|message|email|text|order|speak)\b"
    r"|^(?:our )?([a-z]+s) (?:mail|write|ask|send|call|contact|chat|message|email|text)(?: to)? us\b"
)
A_RATE = re.compile(rf"^(?:(?:about|around|roughly|approximately|approx\.?|maybe|~|ca\.?)\s?)?(?:{_RATE})$")
SPOKEN = re.compile(rf"(?:(?:mostly|mainly|usually|only|both|either|sometimes) )*\b{_LANG}\b.*$")


@cache
def _known() -> frozenset[str]:
    return frozenset([*LANGUAGES, *TONES, *PEOPLE, *_OTHERS])


@cache
def _mended(word: str) -> str:
    if len(word) < 4 or word in _known() or word.rstrip("s") in _known():
        return word
    close = difflib.get_close_matches(word, _known(), n=1, cutoff=0.84)
    return close[0] if close and close[0][0] == word[0] else word


def mend(text: str) -> str:
    """Lower case, with cue words that were misspelt put right. As many words as before: what is recorded stays as it
    was written, only the cues are looked for in this."""
    return re.sub(r"[a-z']+", lambda match: _mended(match[0]), text.lower())

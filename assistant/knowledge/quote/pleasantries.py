"""What is said to a greeting, to thanks, to a goodbye: no sentence of the documents answers those."""

from __future__ import annotations

import re

_HELLO = "Hello! Ask a question, and I will quote what the documents say about it."
_WELCOME, _BYE = "You are welcome.", "Goodbye!"
_MYSELF = (
    "I quote the documents: ask a question, and you get the sentence or the table row that answers it. "
    "I write nothing of my own."
)
_SAID = {  # what a whole message may consist of -> what is said to it; the last part that fits is answered
    _HELLO: r"hello|hi+|hey+|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)|how are you(?: doing)?"
    r"|how'?s it going|test(?:ing)?|is (?:anybody|anyone|somebody) there|are you there",
    _WELCOME: r"(?:many )?thanks?(?: you)?|cheers|much appreciated|great|perfect|wonderful|ok(?:ay)?|got it|i see",
    _BYE: r"(?:good )?bye(?: bye)?|goodbye|see you(?: later| soon)?|farewell"
    r"|have a (?:nice|good|great) (?:day|evening|weekend)",
    _MYSELF: r"who are you|what are you|what (?:can|do) you do|(?:can you )?help(?: me)?|what is this"
    r"|are you (?:a |an )?(?:bot|robot|human|person|machine|computer|ai|real)",
}
_MORE = (
    r"(?: (?:there|all|everyone|everybody|team|again|today|please|you|very much|so much|a lot|then|too"
    r"|for (?:that|your help)))*"
)
_PARTS = [(re.compile(rf"(?:{pattern}){_MORE}"), reply) for reply, pattern in _SAID.items()]
_BETWEEN = re.compile(r"[\s,.!?;:()\-]+")


def reply(message: str) -> str:
    """What is said to a message that asks nothing of the documents; empty for any other."""
    left, said = _BETWEEN.sub(" ", message.lower().replace("’", "'")).strip(), ""
    if not any(letter.isalnum() for letter in left):
        return _HELLO
    while left:
        found = [(match.end(), answer) for part, answer in _PARTS if (match := part.match(left))]
        end, answer = max(found, default=(0, ""))
        if not end or left[end : end + 1] not in ("", " "):
            return ""
        left, said = left[end:].strip(), answer
    return said

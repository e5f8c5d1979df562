"""What was probably meant where a search finds nothing: each unknown word becomes the most similar one that is known.

Known are the words of what citizens may see at this moment. Nothing is kept, so a word tells nothing early. Nothing is
asked of the database but names, so that it works the same on SQLite and PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches

# How alike two words must be, from 0 to 1: one slip in a word of three letters, two in one of seven.
ALIKE = 0.66
NEAREST = 8
MOST_WORDS = 6
LONGEST_WORD = 24
SHORTEST_JOINED = 6

Vocabulary = Callable[[], Iterable[str]]
_vocabularies: list[Vocabulary] = []


def register_vocabulary(vocabulary: Vocabulary) -> Vocabulary:
    """Register a function that returns the folded names of what citizens may see now."""
    if vocabulary not in _vocabularies:
        _vocabularies.append(vocabulary)
    return vocabulary


def meant(folded: str) -> str:
    """Return the folded query with its unknown words mended, "" where nothing similar is known or nothing is wrong."""
    names = {name for vocabulary in _vocabularies for name in vocabulary()}
    words = {word for name in names for word in name.split()}
    asked = folded.split()
    if not words or len(asked) > MOST_WORDS:
        return ""
    mended = [_parted(folded, names)] if len(asked) == 1 and len(folded) >= SHORTEST_JOINED else [""]
    if not mended[0]:
        mended = [_mended(word, words) for word in asked]
    if not all(mended) or mended == asked:
        return ""
    return " ".join(mended)


def _mended(word: str, words: set[str]) -> str:
    if word in words or any(known.startswith(word) for known in words):
        return word
    near = get_close_matches(word[:LONGEST_WORD], words, n=NEAREST, cutoff=ALIKE)
    # Letters in another order are the commonest slip of all.
    swapped = [known for known in near if sorted(known) == sorted(word)]
    return next(iter(swapped or near), "")


def _parted(word: str, names: set[str]) -> str:
    """Return the shortest name that ends with what was written without its spaces, "" where there is none."""
    found = [name for name in names if " " in name and name.replace(" ", "").endswith(word)]
    return min(found, key=lambda name: (len(name), name), default="")

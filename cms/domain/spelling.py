"""What was probably meant where a search finds nothing: each unknown word becomes the most similar one that is known.

Known are the words of what citizens may see at this moment. Nothing is kept, so a word tells nothing early. Nothing is
asked of the database but names, so that it works the same on SQLite and PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches

# How alike two words must be, from 0 to 1: one slip in a word of four letters, two in one of eight.
ALIKE = 0.7
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
    mended = [_mended(word, words) for word in asked]
    if len(asked) == 1 and not mended[0] and len(folded) >= SHORTEST_JOINED:
        mended = [_parted(folded, names)]
    if not all(mended) or mended == asked:
        return ""
    return " ".join(mended)


def _mended(word: str, words: set[str]) -> str:
    if word in words or any(known.startswith(word) for known in words):
        return word
    return next(iter(get_close_matches(word[:LONGEST_WORD], words, n=1, cutoff=ALIKE)), "")


def _parted(word: str, names: set[str]) -> str:
    """Return the name that was written without its spaces."""
    joined = {name.replace(" ", ""): name for name in names}
    ends = next((name for plain, name in joined.items() if plain.endswith(word)), "")
    if ends:
        return ends
    close = get_close_matches(word[: 2 * LONGEST_WORD], joined, n=1, cutoff=ALIKE)
    return joined[close[0]] if close else ""

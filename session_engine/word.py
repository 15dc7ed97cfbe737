"""The base of the names that the contract and the tables are made of."""

from enum import StrEnum


class Word(StrEnum):
    """A string out of a closed set; `str(word)` is the plain string.

    The hash of an enum is Python code, four times as slow as that of the string it is.
    """

    __hash__ = str.__hash__

"""Who comes to a rehearsal: names, tempers, and what they might say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

NAMES: Final = (
    "Asha",
    "Ravi",
    "Meena",
    "Kabir",
    "Divya",
    "Arjun",
    "Nisha",
    "Farhan",
    "Pooja",
    "Sameer",
    "Leela",
    "Rohan",
    "Zoya",
    "Aditya",
    "Ira",
    "Vikram",
    "Sana",
    "Neel",
    "Tara",
    "Imran",
    "Kavya",
    "Dev",
    "Ritu",
    "Omar",
    "Maya",
    "Anil",
    "Jaya",
    "Yash",
    "Noor",
    "Hari",
    "Usha",
    "Kiran",
    "Lata",
    "Manav",
    "Gauri",
)

SENTENCES: Final = (
    "I did not sleep much this week, and I notice how much slower everything gets.",
    "What helped me was walking to the library with a friend instead of alone.",
    "I keep thinking that everybody else has understood it already.",
    "When I called home on Sunday, it became a little lighter.",
    "I am not sure what I want to say, but it is good to sit here.",
    "The hardest part is beginning. After that it goes, somehow.",
    "I heard something earlier that I know very well from myself.",
    "Yesterday I allowed myself an evening without books. That was new.",
    "It is strange to say it aloud, and also a relief.",
    "I would like to try to ask for help earlier next time.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Temper:
    """How somebody is in a circle; times in seconds, chances from 0 to 1."""

    speaks_s: tuple[float, float] = (15.0, 35.0)
    thinks_s: tuple[float, float] = (2.0, 6.0)
    passes: float = 0.0
    says_later: float = 0.0
    asks: float = 0.1
    gestures: float = 0.2
    drops: bool = False


# The people of a rehearsal in order; with more than these, they begin again.
TEMPERS: Final[Mapping[str, Temper]] = {
    "brief": Temper(speaks_s=(8, 20), asks=0.05),
    "talker": Temper(speaks_s=(300, 300), thinks_s=(1, 2), asks=0.25),
    "passes": Temper(passes=1.0, asks=0.0, gestures=0.4),
    "drops and returns": Temper(speaks_s=(30, 40), drops=True, asks=0.1),
    "asks often": Temper(speaks_s=(20, 40), asks=0.8),
    "later": Temper(says_later=0.6, speaks_s=(15, 30)),
    "slow to begin": Temper(thinks_s=(8, 20), speaks_s=(20, 50)),
    "warm": Temper(gestures=0.8, speaks_s=(20, 45)),
}

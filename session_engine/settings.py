"""What a session is created with: its plan, its limits, its doors."""

from dataclasses import dataclass, fields
from typing import Final

from session_engine.limits import (
    DOORS_OPEN_BEFORE_MS,
    MAX_GRACE_S,
    MAX_ON_CALL,
    MAX_SEATS,
    MAX_TITLE,
    MAX_TURN_S,
    MIN_DISCUSSION_S,
    MIN_SHORT_TURN_S,
    PLANNED_SESSION_MS,
)

DOORS: Final = ("open", "knock")
STEPPINGS: Final = ("auto", "by-hand")
QUEUE_ORDERS: Final = ("fair", "first_come")
# voice: spoken or written turns; text: written ones; hall: the sound is elsewhere, in one
# place or another call, and the room keeps its circle and clock.
MODES: Final = ("voice", "text", "hall")

# Smallest and largest value of each number that people choose, in seconds
# (seats: people). What the rules do not bound is bounded to what makes sense.
RANGES: Final = {
    "seats": (1, MAX_SEATS),
    "introduction_s": (MIN_SHORT_TURN_S, MAX_TURN_S),
    "discussion_s": (MIN_DISCUSSION_S, MAX_TURN_S),
    "closing_s": (MIN_SHORT_TURN_S, MAX_TURN_S),
    "accept_window_s": (0, 120),
    "grace_s": (0, MAX_GRACE_S),
    "pause_s": (0, 60),
    "drop_hold_s": (0, 120),
}
CHOICES: Final = {
    "doors": DOORS,
    "stepping": STEPPINGS,
    "queue": QUEUE_ORDERS,
    "mode": MODES,
}


def is_one_line(text: str) -> bool:
    """Has this text nothing but what can be seen, and the joiners that Devanagari needs?"""
    return text.replace("\u200c", "").replace("\u200d", "").isprintable()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The choices of one session.

    `starts_at_ms` and `opens_at_ms` are milliseconds of the clock; fields that
    end in `_s` are seconds. `absence_s` is (calm screen, end) counted from when
    the last facilitator lost the connection.

    Raises ValueError with a plain sentence that names the field.
    """

    title: str
    starts_at_ms: int
    opens_at_ms: int = -1  # -1: 15 minutes before the start
    seats: int = MAX_SEATS
    introduction_s: int = 60
    discussion_s: int = 90
    closing_s: int = 30
    accept_window_s: int = 15
    grace_s: int = 10
    pause_s: int = 3
    drop_hold_s: int = 20
    absence_s: tuple[int, int] = (180, 900)
    doors: str = "open"
    observers: bool = True
    stepping: str = "auto"
    queue: str = "fair"
    on_call: str = ""
    mode: str = "voice"

    def __post_init__(self) -> None:
        if not 1 <= len(self.title.strip()) <= MAX_TITLE or not is_one_line(self.title):
            raise ValueError(f"title: a title has 1 to {MAX_TITLE} characters, on one line")
        if len(self.on_call) > MAX_ON_CALL or not is_one_line(self.on_call):
            raise ValueError(f"on_call: at most {MAX_ON_CALL} characters, on one line")
        for name, (low, high) in RANGES.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name}: choose a number from {low} to {high}")
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}: choose {' or '.join(allowed)}")
        calm, end = self.absence_s
        if not 0 < calm < end <= 24 * 3600:
            raise ValueError("absence_s: two numbers of seconds, the first smaller than the second")
        if self.opens_at_ms < 0:
            object.__setattr__(self, "opens_at_ms", self.starts_at_ms - DOORS_OPEN_BEFORE_MS)

    @property
    def planned_end_ms(self) -> int:
        """When people may expect to be free again."""
        return self.starts_at_ms + PLANNED_SESSION_MS

    def to_dict(self) -> dict[str, object]:
        """Shape the settings for the log."""
        shaped = {field.name: getattr(self, field.name) for field in fields(self)}
        return shaped | {"absence_s": list(self.absence_s)}

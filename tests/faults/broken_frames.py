"""Frames with something wrong in them, and a judge that was written from the protocol.

The judge shares no code with the server: what docs/protocol.md promises of each field is
said here a second time, by hand.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

Frame = dict[str, Any]

ID: Final = re.compile(r"[!-~]{1,64}\Z")
GESTURES: Final = ("with_you", "thank_you", "resonates")
PASSES: Final = ("not_this_round", "later")
SUPPORT: Final = ("now", "after", "leaving")


def name(value: object) -> bool:
    """Judge the id of something."""
    return isinstance(value, str) and bool(ID.match(value))


def name_or_nothing(value: object) -> bool:
    """Judge an id that may be null."""
    return value is None or name(value)


def words(least: int, most: int) -> Callable[[object], bool]:
    """Return who judges a text."""
    return lambda value: isinstance(value, str) and least <= len(value) <= most


def one_of(*choices: str) -> Callable[[object], bool]:
    """Return who judges a choice."""
    return lambda value: value in choices


def number(least: int, most: int) -> Callable[[object], bool]:
    """Return who judges a number; yes and no are none."""
    return lambda value: type(value) is int and least <= value <= most


def yes_or_no(value: object) -> bool:
    """Judge a yes or no."""
    return isinstance(value, bool)


def lines(value: object) -> bool:
    """Judge the lines of a script."""
    return isinstance(value, list) and len(value) <= 50 and all(map(SENTENCE, value))


SENTENCE: Final = words(0, 2_000)
# What each command must say, and what it may.
MUST: Final[Mapping[str, Mapping[str, Callable[[object], bool]]]] = {
    **{command: {"turn": name} for command in ("start_turn", "finish_turn", "end_turn", "skip")},
    **{command: {"person": name} for command in ("give_floor", "silence", "admit", "turn_away")},
    **{command: {"text": SENTENCE} for command in ("set_prompt", "set_on_call", "add_theme")},
    **{command: {"theme": name} for command in ("resonate", "drop_theme")},
    **{command: {"alert": name} for command in ("take_alert", "close_alert")},
    **{command: {} for command in ("raise_hand", "lower_hand", "leave", "begin", "end_session")},
    **{command: {} for command in ("hold", "resume", "undo_advance", "start_round")},
    **{command: {} for command in ("volunteers_only", "carry_over")},
    "pass": {"kind": one_of(*PASSES)},
    "gesture": {"kind": one_of(*GESTURES)},
    "write": {"turn": name_or_nothing, "text": SENTENCE},
    "ask_support": {"kind": one_of(*SUPPORT)},
    "say_privately": {"text": words(1, 1_000)},
    "advance": {"from": name},
    "next": {"turn": name_or_nothing},
    "extend": {"turn": name},
    "remove": {"person": name},
    "move": {"person": name, "to": number(0, 1_000)},
    "set_limit": {"seconds": number(-1_000_000, 1_000_000)},
    "set_stepping": {"stepping": one_of("auto", "by-hand")},
    "set_observers": {"allowed": yes_or_no},
    "set_doors": {"doors": one_of("open", "knock")},
    "set_script": {"lines": lines},
    "edit_theme": {"theme": name, "text": SENTENCE},
}
MAY: Final[Mapping[str, Mapping[str, Callable[[object], bool]]]] = {
    "pass": {"turn": name_or_nothing},
    "ask_support": {"note": words(0, 500)},
    "say_privately": {"to": name_or_nothing},
    "remove": {"reason": SENTENCE},
    **{command: {"confirm": yes_or_no} for command in ("end_session", "carry_over", "advance")},
}


def is_right(text: str) -> bool:
    """Judge a frame by the protocol."""
    try:
        frame = json.loads(text, object_pairs_hook=_pairs, parse_constant=_no)
        json.dumps(frame, ensure_ascii=False).encode()
    except (ValueError, OverflowError):
        return False
    if not isinstance(frame, dict) or not name(frame.pop("id", None)):
        return False
    command = frame.pop("do", None)
    if not isinstance(command, str) or command not in MUST:
        return False
    must, may = MUST[command], MAY.get(command, {})
    if not set(must) <= set(frame) <= {*must, *may}:
        return False
    return all({**must, **may}[field](value) for field, value in frame.items())


def _pairs(pairs: list[tuple[str, Any]]) -> Frame:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def _no(word: str) -> None:
    raise ValueError(word)


# ---- Making them ----------------------------------------------------------------------

ODD: Final[list[Any]] = [
    None, True, False, 0, -1, 1, 90, 2**63, -(2**70), 1.5, 1e400, "", " ", "a", "t1", "later",
    "now", "x" * 65, "x" * 2_001, "\x00", "\ud800", "नमस्ते", "‮", [], [1], ["a"], {}, {"a": 1},
]  # fmt: skip
GOOD: Final[Mapping[str, list[Any]]] = {
    "turn": ["t1", None], "person": ["p1"], "text": ["hello", "हाँ", ""], "theme": ["th1"],
    "alert": ["a1"], "kind": [*PASSES, *GESTURES, *SUPPORT], "note": ["please"], "to": [0, "p1"],
    "from": ["welcome"], "reason": ["rude"], "confirm": [True], "seconds": [90], "lines": [["a"]],
    "stepping": ["auto", "by-hand"], "doors": ["open", "knock"], "allowed": [True, False],
}  # fmt: skip
NAMES: Final = [*MUST, *MUST, *MUST, "fly", "", None, 7, "__init__"]
KEYS: Final = [*GOOD, "by", "at", "id ", "dó"]


def by_grammar(dice: random.Random) -> str:
    """Make a frame by grammar: a command, mostly with something wrong."""
    command = dice.choice(NAMES)
    frame: dict[Any, Any] = {"id": dice.choice(["a1", "b", "c", "", "x" * 70, "a b", 5, None])}
    frame["do"] = command
    fields = [*MUST.get(command, {}), *MAY.get(command, {})] if isinstance(command, str) else []
    for key in fields:
        frame[key] = dice.choice(GOOD[key] if dice.random() < 0.8 else ODD)
    if dice.random() < 0.2:
        frame[dice.choice(KEYS)] = dice.choice(ODD)
    if dice.random() < 0.2:
        del frame[dice.choice(list(frame))]
    return json.dumps(frame, ensure_ascii=dice.random() < 0.5)


PIECES: Final = ['"', "{", "}", "\\", "\x00", "9", "e", ",", "", "ud", "é", "NaN", ':"id"', " "]


def by_mutation(dice: random.Random) -> str:
    """Take a frame that may be right and break some of its characters."""
    text = list(by_grammar(dice))
    for _ in range(dice.randint(1, 4)):
        text[dice.randrange(len(text))] = dice.choice(PIECES)
    return "".join(text)


def by_chance(dice: random.Random) -> str:
    """Make no sense at all."""
    return dice.randbytes(dice.randint(0, 60)).decode("latin-1")


KINDS: Final[list[Callable[[random.Random], str]]] = [
    by_grammar,
    by_grammar,
    by_mutation,
    by_chance,
]


def broken_frame(dice: random.Random) -> str:
    """Make a frame of any kind."""
    return dice.choice(KINDS)(dice)


def no_text(dice: random.Random, data: bytes) -> bytes:
    """Put a byte into it that makes it no UTF-8."""
    at = dice.randint(0, len(data))
    return data[:at] + bytes((dice.choice([0xC0, 0xF8, 0xFF]),)) + data[at:]


def socket_bytes(dice: random.Random) -> bytes:
    """Make what breaks a WebSocket itself: bits that are not used, sizes that are not true."""
    head = bytes((dice.randrange(256), dice.choice([0x00, 0x7D, 0x7E, 0x7F, 0xFE, 0xFF, 0x80])))
    return head + dice.randbytes(dice.randint(0, 40))

"""The names of things in a room: plain strings, typed so that they do not mix.

Ids of people, connections and rooms come from outside (the engine has no
randomness); ids of turns, themes and alerts are counted inside, so that a
replay of the log gives the same ones.
"""

from typing import NewType

PersonId = NewType("PersonId", str)
ConnectionId = NewType("ConnectionId", str)
TurnId = NewType("TurnId", str)
ThemeId = NewType("ThemeId", str)
AlertId = NewType("AlertId", str)


def turn_id(number: int) -> TurnId:
    """Name the turn with this number; numbers never repeat within a room."""
    return TurnId(f"t{number}")


def theme_id(number: int) -> ThemeId:
    """Name the theme with this number."""
    return ThemeId(f"th{number}")


def alert_id(person: PersonId, number: int) -> AlertId:
    """Name a person's call for support; counted by person, so that nobody can
    tell from the name of theirs that somebody else has called."""
    return AlertId(f"a{number}.{person}")

"""Somebody who speaks, for tests that see whether they are interrupted."""

from __future__ import annotations

from tests.faults.crowd import Circle, until


async def take_the_floor(circle: Circle) -> str:
    """Let the first participant speak; return the turn's id."""
    holder = circle.members[1]
    await circle.facilitator.do("give_floor", person=holder.person)

    await until(lambda: seen(circle, "offered"), 5)
    turn = str(holder.latest["view"]["turn"]["id"])
    assert (await holder.do("start_turn", turn=turn))["type"] == "done"
    await until(lambda: seen(circle, "speaking"), 5)
    return turn


async def seen(circle: Circle, state: str) -> bool:
    """Say whether everybody sees the turn of the first participant in this state."""
    turns = [member.latest["view"]["turn"] or {} for member in circle.members]
    wanted = (circle.members[1].person, state)
    return all((turn.get("person"), turn.get("state")) == wanted for turn in turns)

"""Why a request was refused: a code for programs, a plain sentence for people.

A refusal changes nothing and reveals nothing. Each code stands here once and in
docs/protocol.md once; a test holds the two together.
"""

from collections.abc import Mapping
from typing import Final


def _(sentence: str) -> str:
    """Mark a sentence for the translators."""
    return sentence


REFUSALS: Final[Mapping[str, str]] = {
    # About who asks and when.
    "not_allowed": _("That is not something you can do here."),
    "wrong_stage": _("That is not possible at this point of the session."),
    "stale_stage": _("The session has moved on already. Please look again."),
    "held": _("The room is on hold. It will go on in a moment."),
    "not_held": _("The room is not on hold."),
    "needs_confirm": _("Please confirm this first."),
    "bad_command": _("That message could not be understood."),
    "too_fast": _("That was a little fast. Please wait a moment."),
    # About the session.
    "no_on_call": _("Please name the person on call before you begin."),
    "introductions_incomplete": _("Somebody here was not offered a turn yet."),
    "nothing_to_undo": _("There is nothing to undo any more."),
    "round_open": _("A round has been started already."),
    "no_round": _("There is no round at the moment."),
    "limit_out_of_range": _("A turn cannot be that long or that short."),
    # About turns and the queue.
    "not_your_turn": _("This turn belongs to somebody else."),
    "stale_turn": _("That turn has already ended."),
    "turn_started": _("That turn has already started."),
    "turn_not_started": _("That turn has not started yet."),
    "nothing_to_pass": _("You have no turn to pass at the moment."),
    "hand_raised": _("You have asked to speak already. Your place is kept."),
    "hand_not_raised": _("You have not asked to speak."),
    "silenced": _("The facilitator will invite you when it is your turn to speak."),
    "already_silenced": _("This person takes no turns already."),
    "nobody_waiting": _("Nobody is waiting for the floor."),
    "not_waiting": _("This person is not waiting for the floor."),
    "has_the_floor": _("This person has the floor already."),
    # About people, themes and alerts.
    "unknown_person": _("This person is not in the room."),
    "unknown_theme": _("This theme is not on the list any more."),
    "too_many_themes": _("There is no room for more themes. Please drop one first."),
    "unknown_alert": _("This call is not on the list any more."),
    "alert_taken": _("Somebody has taken this call already."),
    "too_many_calls": _("Too many calls are open. Please call one of the numbers."),
    "not_taken": _("Please take this call first: the person is waiting."),
    # At the door.
    "not_open": _("The doors are not open yet."),
    "full": _("All places are taken."),
    "removed": _("You cannot come back into this session."),
    "observers_off": _("This session has no observers today."),
    "ended": _("This session has ended."),
}


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """A person's request that the rules do not allow.

    `code` is a key of REFUSALS; `field` names the part of the request that was
    wrong, where there is one.
    """

    def __init__(self, code: str, field: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.field = field

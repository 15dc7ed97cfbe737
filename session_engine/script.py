"""What a facilitator may say, line by line: the defaults of a programme.

English source; screens translate a line they find in their catalogue, and show
a line that a facilitator wrote as it is. {name}, {time} and {themes} are filled
in by the screen.
"""

from collections.abc import Mapping
from typing import Final

from session_engine.stages import Stage


def _(line: str) -> str:
    """Mark a line for the translators."""
    return line


DEFAULT_SCRIPT: Final[Mapping[Stage, tuple[str, ...]]] = {
    Stage.LOBBY: (),
    Stage.WELCOME: (
        _("Welcome. I am {name}, and I will keep this space with you today."),
        _(
            "We are here to listen to each other. You will not be criticised here for what you"
            " feel."
        ),
        _("First everyone who likes says who they are. Then we talk together. We end at {time}."),
        _("Each of us has one to two minutes. You can pass at any time; just press Pass."),
        _(
            "What we share stays in this circle. There is one limit: if someone is in danger, I"
            " will act."
        ),
        _(
            "If you need help, Urgent support is in the corner. It reaches the facilitators, and if"
            " nobody answers within a minute, we are asked to call the person on call. Nobody in"
            " the circle sees it."
        ),
    ),
    Stage.INTRODUCTIONS: (
        _("Your name for today, and one word for how you arrive."),
        _("Thank you, {name}."),
    ),
    Stage.DISCUSSION: (
        _("What has been heavy lately? What has helped?"),
        _("I hear a few things that many of us know: {themes}."),
        _("Who has not had a chance yet, and would like one?"),
    ),
    Stage.CLOSE: (
        _("We are coming to the end."),
        _("If you like: one word you take with you."),
        _(
            "Thank you for your trust. The session is closed now. Look after yourselves, and after"
            " each other."
        ),
    ),
    Stage.ENDED: (),
}

"""Every number of the rules, with its unit in its name and its reason beside it.

Times inside the engine are milliseconds of one clock (Redis'); people choose
seconds. A number that a programme may choose is a default of `settings.py`;
what stands here as MIN or MAX can never be exceeded.
"""

from typing import Final

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60 * SECOND_MS

# The circle: the programme promises at most 35 people in a room.
MAX_SEATS: Final = 35

# Everybody costs memory and bytes in every facilitator's view: nobody with a link can
# fill a room with screens that only watch or wait.
MAX_OBSERVERS: Final = 100
MAX_KNOCKING: Final = 100
# So do those who came and went again and again; who has spoken, was silenced or removed, or
# waits for an answer is never forgotten.
MAX_GONE: Final = 200
# Sound names its speaker by the number of their seat, in two bytes.
MAX_SEATS_GIVEN: Final = 65_535

# Speaking. A discussion turn is one to two minutes, never outside;
# introductions and closing lines may be shorter to fit many people in.
MIN_DISCUSSION_S: Final = 60
MIN_SHORT_TURN_S: Final = 30
MAX_TURN_S: Final = 120
MAX_GRACE_S: Final = 15
EXTENSION_MS: Final = 30 * SECOND_MS
MAX_OFFERS: Final = 2  # a person and round: the first, and one more after "later"
# From the end of one voice to the start of the next: 3 s of quiet, then the
# time people take to press Start. 35 x (60 + 10) s is the 41 min of the rules.
HANDOVER_MS: Final = 10 * SECOND_MS

# Doors and presence.
DOORS_OPEN_BEFORE_MS: Final = 15 * MINUTE_MS
FIRST_CONNECTION_MS: Final = 60 * SECOND_MS  # a seat waits this long for its person
ABSENCE_MS: Final = 3 * SECOND_MS  # a shorter break of the line is nobody's business
FACILITATORS_ABSENT_MS: Final = 5 * SECOND_MS

# Facilitators.
UNDO_MS: Final = 10 * SECOND_MS
PLANNED_SESSION_MS: Final = 90 * MINUTE_MS

# Urgent support: one facilitator is expected to press "I have it" at once.
ALERT_LOUD_MS: Final = 30 * SECOND_MS
ALERT_ON_CALL_MS: Final = 60 * SECOND_MS
# Everybody in a full circle may call in each of the three ways (105), and who has left, too.
MAX_ALERTS: Final = 150

# Words. Long enough for any name or sentence, short enough for a small screen.
MAX_TITLE: Final = 120
MAX_NAME: Final = 40
MAX_PROMPT: Final = 300
MAX_THEME: Final = 120
MAX_THEMES: Final = 20
MAX_REASON: Final = 300
MAX_ON_CALL: Final = 200
MAX_SCRIPT_LINES: Final = 12
MAX_SCRIPT_LINE: Final = 300

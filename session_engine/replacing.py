"""A copy of a state with some fields changed, as `dataclasses.replace` makes it.

The standard one calls __init__ with every field, in Python: for a room that took
6 us, and there are some of them in every decision. The type checker sees the standard
one, and with it the names and types of the fields.
"""

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from dataclasses import replace as replace
else:
    State = TypeVar("State")

    def replace(state: State, /, **changes: Any) -> State:
        """Return a new state of the same class; its fields live in __dict__, so no slots."""
        new = object.__new__(type(state))
        fields = new.__dict__
        fields.update(state.__dict__)
        fields.update(changes)
        return new

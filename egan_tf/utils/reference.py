"""The form `module:function` of a name of the user's code. Nothing is imported."""

from __future__ import annotations

import re
from typing import Any

_REFERENCE = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*")


def is_reference(value: Any) -> bool:
    """Whether a value is text of the form `module:function`, with dots between the parts of either."""
    return isinstance(value, str) and _REFERENCE.fullmatch(value) is not None

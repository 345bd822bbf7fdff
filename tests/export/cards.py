"""What the README of an export tells its reader to run."""

from __future__ import annotations

import re
import shlex


def shell(readme: str) -> list[list[str]]:
    """The words of every command line, also of the one in a sentence."""
    blocks = re.findall(r"```(?:sh|text)\n(.*?)\n```", readme, re.DOTALL)
    spans = re.findall(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", readme[readme.index("## Licence") :])
    # Unlike a shell, shlex keeps the end of a line that goes on.
    return [
        shlex.split(line.replace("\\\n", ""))
        for line in (*blocks, *(code for _, code in spans if "egan-sample" in code))
    ]


def programs(readme: str) -> list[str]:
    """Every block of Python."""
    return re.findall(r"```python\n(.*?)```", readme, re.DOTALL)

"""Renders a page as one file that loads nothing; its Content-Security-Policy forbids loading."""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
from typing import Any

from egan_tf import __version__
from egan_tf.report.text import MAX_DESCRIPTION, clean, format_json, format_number, format_share, words


def render(template: str, **values: Any) -> str:
    """Renders a file in `templates/` with `values`.

    Every value is cleaned and escaped, unless the template marks it `safe`, which is allowed for this package's own
    output only.
    """
    # Imported here because it is not in the base install.
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("egan_tf.report"),
        autoescape=True,
        finalize=lambda value: clean(value) if type(value) is str else value,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=format_number, share=format_share, json=format_json, words=words, breakable=_breakable, whole=_whole
    )
    style, script = (_resource(name) for name in ("style.css", "slider.js"))
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    page = {"style": style, "script": script, "policy": policy, "version": __version__}
    return environment.get_template(template).render(page=page, **values)


def _breakable(text: str) -> str:
    """Escaped text that may break after each `=`."""
    from markupsafe import Markup

    return Markup("=<wbr>").join(clean(text).split("="))


def _whole(text: str) -> str:
    """Escaped text of this package, which describes all that a chart shows, however much that is."""
    from markupsafe import escape

    return escape(clean(text, MAX_DESCRIPTION))


def _resource(name: str) -> str:
    templates = importlib.resources.files("egan_tf.report") / "templates"
    return (templates / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")

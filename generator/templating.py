"""Render Jinja templates; every value in them is written by the emitter.

Templates hold no logic beyond `for` over what is given and `if` on what is optional. A value never
enters as text: `finalize` writes each `{{ }}` as a YAML scalar or flow collection, so no plan can
add a key or a document. Markdown templates get text that is Markdown already.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from generator.emit import flow, scalar
from generator.resources import TEMPLATES

if TYPE_CHECKING:
    from jinja2 import Environment


def render_yaml(template: str, **values: Any) -> str:
    """Return the text of a YAML template, such as `gather/objects/httproute.yaml.j2`."""
    return _environment(yaml=True).get_template(template).render(values)


def render_markdown(template: str, **values: Any) -> str:
    """Return the text of a Markdown template."""
    return _environment(yaml=False).get_template(template).render(values)


def _written(value: Any) -> Any:
    """Write a value; what is missing goes on to Jinja, which refuses it by name."""
    from jinja2 import Undefined

    if isinstance(value, Undefined):
        return value
    return flow(value) if isinstance(value, (dict, list)) else scalar(value)


@cache
def _environment(*, yaml: bool) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        finalize=_written if yaml else None,
        autoescape=False,  # noqa: S701  YAML and Markdown are no HTML; values are emitted, not escaped
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.globals.clear()  # Jinja's own `namespace` would stand in for a value that is missing
    return environment

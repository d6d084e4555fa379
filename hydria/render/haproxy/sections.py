"""The templates: one per section of haproxy's file."""

from functools import cache

import jinja2

from hydria.render.haproxy import words


def section(template: str, **objects: object) -> str:
    """A section as text."""
    return _templates().get_template(f"{template}.j2").render(objects)


@cache
def _templates() -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("hydria.render.haproxy"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - not HTML: `&` of a URL must stay
        finalize=words.safe,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for make in (words.argument, words.endpoint, words.host, words.milliseconds, words.statuses):
        found.filters[make.__name__] = make
    return found

"""The options' reference and the sample of the settings file, written from `hydria/options.py`; `./check --golden` keeps them."""

import textwrap
from collections.abc import Iterator
from typing import Any

from hydria import configuration, options

WIDTH = 100
TEXT = "text"
PAGE = """# The settings file: every option

`/etc/hydria/hydria.conf`, or the file named by `hydria --config FILE`; without a file every option has its default. The
file is INI: groups in brackets and lines `name = value`. [etc/hydria.conf.sample](../etc/hydria.conf.sample) is the whole
of it with every line commented out. Both are written from `hydria/options.py`.

A change takes effect with `hydria up`. What is misspelt, out of range or contradicts itself stops the start with one line
that names the file, the group, the option and what was expected there; `hydria doctor` says the same.
Who comes from an `octavia.conf` finds its options in [octavia-conf.md](octavia-conf.md).
"""
LIBRARY = """
These belong to a library, which takes more than what is listed; this is what we need of it. See [keystone.md](keystone.md).
`[cache]`, a group of the same library, is let through as well.
"""
SAMPLE = """# The settings of Hydria: every option with its default. Written from hydria/options.py; docs/options.md tells more.
# Copy what you change to /etc/hydria/hydria.conf, then run `hydria up`.
"""


def page() -> str:
    """docs/options.md."""
    return PAGE + "".join(_tables())


def sample() -> str:
    """etc/hydria.conf.sample."""
    return SAMPLE + "".join(_groups())


def _tables() -> Iterator[str]:
    for group, known in options.PLACES.items():
        yield f"\n## [{group}]\n\n| option | default | may be | what it is |\n| --- | --- | --- | --- |\n"
        for option in known:
            default = "left out" if option.default is None else f"`{written(option)}`" if written(option) else "empty"
            cells = (f"`{option.name}`", default, may_be(option), str(option.help))
            yield "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |\n"
    for group, wanted in options.LIBRARY.items():
        yield f"\n## [{group}]\n{LIBRARY}\n| option | such as | what it is |\n| --- | --- | --- |\n"
        yield from (f"| `{name}` | `{example}` | {what} |\n" for name, example, what in wanted)


def _groups() -> Iterator[str]:
    for group, known in options.PLACES.items():
        yield f"\n[{group}]\n"
        for option in known:
            kind = may_be(option)
            yield "\n" + _comment(str(option.help) if kind == TEXT else f"{option.help} ({kind})")
            if option.default is None:
                yield "# Left out by default; such as:\n"
            yield f"#{option.name} = {written(option)}".rstrip() + "\n"
    for group, wanted in options.LIBRARY.items():
        yield f"\n# Needed where auth_strategy = keystone; without it nothing is read here. All of these are examples.\n[{group}]\n"
        yield from (f"\n{_comment(what)}#{name} = {example}\n" for name, example, what in wanted)


def _comment(text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False) + "\n"


def may_be(option: Any) -> str:
    """What the value of an option may be, for people."""
    said: str = configuration.expected(option.type)
    return {"string value": TEXT, "list value": "words, separated by commas"}.get(said, said)


def written(option: Any) -> str:
    """The default of an option, or an example where it has none, as it stands in the file."""
    value = option.sample_default if option.default is None else option.default
    if isinstance(value, dict):
        return ", ".join(f"{key}:{text}" for key, text in value.items())
    if isinstance(value, list):
        return ", ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)

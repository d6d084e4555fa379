"""What alembic runs for every command: on a connection that the caller has opened, inside its transaction."""

from typing import Any

from alembic import context

from hydria.storage import columns


def written(what: str, thing: Any, writer: Any) -> Any:
    """How our own types are written in a migration; False: as alembic writes them."""
    if what != "type" or not isinstance(thing, columns.Id | columns.Json):
        return False
    writer.imports.add("from hydria.storage import columns")
    return f"columns.{type(thing).__name__}()"


context.configure(**context.config.attributes["configure"], render_item=written, compare_type=True)
context.run_migrations()

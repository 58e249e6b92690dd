"""How Alembic runs here: on a connection it is given, one transaction for all steps."""

from typing import Literal

from alembic import context
from sqlalchemy.types import TypeEngine

from portal.models import Base
from portal.models import types as portal_types

OWN_TYPES = (portal_types.Day, portal_types.Facts, portal_types.Flag, portal_types.UtcDateTime)


def render_item(kind: str, item: object, _autogen: object) -> str | Literal[False]:
    """Write our own column types by name; words are plain text with a check beside them."""
    if kind != "type" or not isinstance(item, TypeEngine):
        return False
    if isinstance(item, portal_types.Word):
        return "sa.Text()"
    if isinstance(item, OWN_TYPES):
        return f"types.{type(item).__name__}()"
    if item is portal_types.Whole:
        return "types.Whole"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=render_item,
    compare_type=False,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()

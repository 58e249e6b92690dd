"""A service that refuses leaves nothing behind but what it asked to be remembered."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.orm import Session

from portal.domain.refusals import Refused

P = ParamSpec("P")
T = TypeVar("T")


def in_savepoint(
    service: Callable[Concatenate[Session, P], T],
) -> Callable[Concatenate[Session, P], T]:
    """Undo the service when it refuses, then let `Refused.afterwards` write what must stay."""

    @wraps(service)
    def wrapper(session: Session, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with session.begin_nested():
                return service(session, *args, **kwargs)
        except Refused as refusal:
            # Inside another service it would be undone with that one: the outermost remembers.
            if refusal.afterwards and not session.in_nested_transaction():
                remember, refusal.afterwards = refusal.afterwards, None
                remember(session)
                session.flush()
            raise

    return wrapper

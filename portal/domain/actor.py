"""Who does something: a member of staff, a borrower, a visitor without a name, or the system itself."""

from dataclasses import dataclass, field
from enum import StrEnum

from portal.vocabulary import Role


class ActorKind(StrEnum):
    STAFF = "staff"
    BORROWER = "borrower"
    VISITOR = "visitor"
    SYSTEM = "system"


@dataclass(frozen=True, kw_only=True)
class Actor:
    """`str(actor)` is what rows store: `staff:<ref>`, `borrower:<ref>`, `system:<job>`."""

    kind: ActorKind
    lender_id: int
    ref: str
    id: int = 0
    roles: frozenset[Role] = field(default_factory=frozenset)

    def __str__(self) -> str:
        return f"{self.kind}:{self.ref}"

    @property
    def is_borrower(self) -> bool:
        return self.kind is ActorKind.BORROWER

    @property
    def is_staff(self) -> bool:
        return self.kind is ActorKind.STAFF

    def has(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)


def system(lender_id: int, job: str) -> Actor:
    return Actor(kind=ActorKind.SYSTEM, lender_id=lender_id, ref=job)


def visitor(lender_id: int) -> Actor:
    return Actor(kind=ActorKind.VISITOR, lender_id=lender_id, ref="public")

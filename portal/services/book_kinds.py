"""Each kind of file of a loan book: what writes its rows, and into which tables."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from portal.infra import book_stage
from portal.infra.book_stage import BookStage
from portal.models import Borrower, Contact, ContactPoint, Decision, Instalment, Loan, Party, Payment
from portal.services import book_people_writing as people
from portal.services import book_writing
from portal.services.book_writing import Rows, Target

Writer = Callable[[Target, BookStage, Rows], int | None]
WRITERS: Mapping[str, Writer] = MappingProxyType(
    {
        "borrowers": book_writing.write_borrowers,
        "loans": book_writing.write_loans,
        "instalments": book_writing.write_instalments,
        "payments": book_writing.write_payments,
        "contact_points": people.write_contact_points,
        "parties": people.write_parties,
        "contacts": people.write_contacts,
    }
)
"""In the order in which they name each other. A writer may return how many rows it left out."""
TABLES: Mapping[str, tuple[Any, ...]] = MappingProxyType(
    {
        "borrowers": (Borrower, ContactPoint),
        "loans": (Loan,),
        "instalments": (Instalment, Loan),
        "payments": (Payment,),
        "contact_points": (ContactPoint,),
        "parties": (Party,),
        "contacts": (Contact, Decision),
    }
)
STAGED: Mapping[str, str] = MappingProxyType(
    {
        "loans": book_stage.LOANS,
        "instalments": book_stage.INSTALMENTS,
        "payments": book_stage.PAYMENTS,
    }
)
"""The kinds whose rows the stage has in tables, and what reads them there. The others were put aside."""

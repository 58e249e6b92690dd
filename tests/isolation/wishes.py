"""How a borrower of the test's world wants to be reached, and the lender's own texts."""

from typing import TYPE_CHECKING

from portal.models import MessageTemplate, Preference
from portal.services import notifications
from portal.vocabulary import Channel, Locale, MessageState
from tests.factories import NOW
from tests.isolation.asked import Thing

if TYPE_CHECKING:
    from tests.isolation.house import House
    from tests.isolation.one_borrower import OneBorrower


def add(one: "OneBorrower") -> None:
    """The wishes of one borrower, and a message to them that was given up."""
    message = notifications.notify(
        one.session, borrower=one.borrower, template="proof_complete", case=one.case, now=NOW
    )
    message.state, message.problem = MessageState.FAILED, "the gateway answered 503"
    one.things[Thing.MESSAGE_FAILED] = message.ref
    one.session.add(
        Preference(
            **one.common,
            borrower_id=one.borrower.id,
            opted_out={"channels": []},
            preferred={},
            nobody_at_home_knows=False,
            represented_by=f"{one.mark} adviser",
            actor=str(one.actor),
        )
    )


def add_texts(house: "House", mark: str) -> None:
    """A text of the lender's own."""
    house.session.add(
        MessageTemplate(
            **house.common,
            name="preferences_changed",
            channel=Channel.EMAIL,
            locale=Locale.EN,
            number=1,
            subject=mark,
            body=f"{mark} {{lender}}",
            actor="staff:x",
        )
    )

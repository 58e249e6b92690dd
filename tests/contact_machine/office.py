"""The lender of a machine on rows, and the borrower of a sequence."""

from itertools import count

from portal.infra.tenancy import TenantSession
from portal.vocabulary import Role
from tests import factories

NUMBERS = count(1)


class Office:
    """The lender of a machine and its people, made once: what a sequence writes is taken back at its end."""

    def __init__(self, engine, code):
        self.engine = engine
        with TenantSession(engine, expire_on_commit=False) as session:
            self.lender = factories.lender(session, f"{code}-{next(NUMBERS)}", preset=code)
            self.trained = [factories.staff(session, self.lender, Role.AGENT) for _ in range(2)]
            self.untrained = factories.staff(session, self.lender, Role.AGENT, trained=False)
            self.caller = factories.actor_of(factories.staff(session, self.lender, Role.CALLER))
            self.lead = factories.actor_of(factories.staff(session, self.lender, Role.LEAD))
            session.commit()

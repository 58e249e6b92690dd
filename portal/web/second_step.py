"""Between the password and the second step: this browser knows who is signing in, but no staff page opens.

Also what a signed-in browser remembers for a few minutes: that its owner has just proved both steps again, an
authenticator that waits for its first code, recovery codes that are shown."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from portal.infra import clock
from portal.services import accounts, authenticators
from portal.web import access
from portal.web.transactions import session

if TYPE_CHECKING:
    from portal.models import Staff

HALF, PROVED, CODES = "half_signed_in", "proved", "recovery_codes"
LIFE = timedelta(minutes=10)
STAFF_IDLE_MINUTES = 60
STAFF_LIFE_HOURS = 12


@dataclass(frozen=True)
class Half:
    """Somebody whose password was right. `then`: the page they wanted; `proposal`: what they set up."""

    staff: "Staff"
    then: str | None
    proposal: str | None


def begin(staff: "Staff", *, then: str | None = None) -> None:
    """Remember who gave the right password, in a session of a new id that opens nothing yet."""
    access.sign_out()
    own = access.cookie()
    own.rotate()
    own["lender_id"] = staff.lender_id
    own[HALF] = {
        "ref": staff.ref,
        "mark": accounts.password_mark(staff),
        "until": (clock.now() + LIFE).isoformat(),
        "then": then,
        "proposal": None if authenticators.is_confirmed(staff) else authenticators.propose(staff=staff),
    }


def current() -> Half | None:
    """Who stands between the steps in this browser: for ten minutes, while the password stays the same."""
    own = access.cookie()
    half = own.get(HALF)
    if not half or datetime.fromisoformat(half["until"]) <= clock.now():
        return None
    staff = accounts.find_staff(session, lender_id=own["lender_id"], ref=half["ref"])
    if staff is None or accounts.password_mark(staff) != half["mark"]:
        return None
    return Half(staff, half["then"], half["proposal"])


def finish(half: Half, *, step: str) -> str:
    """Sign in who took both steps. Returns where they wanted to go."""
    actor = accounts.enter(session, staff=half.staff, step=step, now=clock.now())
    access.sign_in(actor, idle_minutes=STAFF_IDLE_MINUTES, life_hours=STAFF_LIFE_HOURS)
    return half.then or "/agent"


def show_codes(staff: "Staff", codes: list[str], *, then: str) -> None:
    """Let this browser show new recovery codes until its owner says they are kept."""
    access.cookie()[CODES] = {"sealed": authenticators.seal_codes(staff=staff, codes=codes), "then": then}


def shown_codes(staff: "Staff") -> list[str] | None:
    kept = access.cookie().get(CODES)
    return authenticators.open_codes(staff=staff, sealed=kept["sealed"]) if kept else None


def hide_codes() -> str:
    """Show the recovery codes no more. Returns where to go on."""
    kept = access.cookie().pop(CODES, None)
    return str(kept["then"]) if kept else "/agent/account"


def step_up(staff: "Staff") -> None:
    """Remember that both steps were proved anew, under a new session id, with an authenticator to set up."""
    own = access.cookie()
    own.rotate()
    own[PROVED] = {
        "until": (clock.now() + LIFE).isoformat(),
        "proposal": authenticators.propose(staff=staff),
    }


def proposal_of_proved() -> str | None:
    """The authenticator to set up, if both steps were proved a short while ago."""
    proved = access.cookie().get(PROVED)
    if not proved or datetime.fromisoformat(proved["until"]) <= clock.now():
        return None
    return str(proved["proposal"])


def step_down() -> None:
    access.cookie().pop(PROVED, None)

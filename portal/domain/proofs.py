"""Which proofs are there, which are still needed, and whether they open booking."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from portal.domain.policy import DocumentsPolicy
from portal.vocabulary import ProofKind, ProofState

# The better of two papers of one kind, the best first: a rejected one never hides one that counts.
_BEST_FIRST = (
    ProofState.ACCEPTED,
    ProofState.UNDER_REVIEW,
    ProofState.RECEIVED,
    ProofState.EXPIRED,
    ProofState.REJECTED,
)
_OPENS_BOOKING = {ProofState.RECEIVED, ProofState.UNDER_REVIEW, ProofState.ACCEPTED}


@dataclass(frozen=True, kw_only=True)
class ProofFacts:
    """One paper. `dated_on` is the date on it, `expires_on` its own expiry; both None when unknown."""

    kind: ProofKind
    state: ProofState
    received_on: date
    dated_on: date | None = None
    expires_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class KindState:
    """Where one kind of proof stands. `text_key` names the sentence that says what is still needed."""

    kind: ProofKind
    state: ProofState
    required: bool

    @property
    def text_key(self) -> str:
        return f"proof_{self.state.value}"

    @property
    def opens_booking(self) -> bool:
        return self.state in _OPENS_BOOKING


def state_on(day: date, proof: ProofFacts, documents: DocumentsPolicy) -> ProofState:
    """The state of one paper on a day: what counted once counts no more when it has grown too old."""
    last_day = last_valid_day(proof, documents)
    if proof.state in _OPENS_BOOKING and last_day is not None and day > last_day:
        return ProofState.EXPIRED
    return proof.state


def last_valid_day(proof: ProofFacts, documents: DocumentsPolicy) -> date | None:
    """The last day a paper counts: its own expiry or the policy's age, the earlier; None without either."""
    ends = [proof.expires_on] if proof.expires_on else []
    if (age := documents.max_age_days(proof.kind)) is not None:
        ends.append((proof.dated_on or proof.received_on) + timedelta(days=age))
    return min(ends, default=None)


def checklist(proofs: Iterable[ProofFacts], *, on: date, documents: DocumentsPolicy) -> list[KindState]:
    """Every kind with its state on a day, in the order of the vocabulary."""
    rows = list(proofs)
    return [
        KindState(
            kind=kind, state=_kind_state(kind, rows, on, documents), required=kind in documents.required
        )
        for kind in ProofKind
    ]


def still_needed(states: Iterable[KindState]) -> list[ProofKind]:
    """The required kinds that are missing, rejected or expired."""
    return [each.kind for each in states if each.required and not each.opens_booking]


def complete(proofs: Iterable[ProofFacts], *, on: date, documents: DocumentsPolicy) -> bool:
    """Whether every required kind is received and not rejected; checking is completed on site."""
    return not still_needed(checklist(proofs, on=on, documents=documents))


def _kind_state(
    kind: ProofKind, rows: Sequence[ProofFacts], on: date, documents: DocumentsPolicy
) -> ProofState:
    states = [state_on(on, proof, documents) for proof in rows if proof.kind is kind]
    return min(states, key=_BEST_FIRST.index, default=ProofState.MISSING)

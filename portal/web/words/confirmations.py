"""Who else stands in a loan contract."""

from flask_babel import lazy_gettext as _l

from portal.vocabulary import PartyRole

REFUSALS: dict[str, str] = {}
LABELS = {
    PartyRole.CO_BORROWER: _l("Co-borrower"),
    PartyRole.GUARANTOR: _l("Guarantor"),
    PartyRole.REPRESENTATIVE: _l("Representative"),
}

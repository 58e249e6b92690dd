"""The loan book: taking it in, and the words of a contract."""

from flask_babel import lazy_gettext as _l

from portal.vocabulary import DayCount, PaymentKind

REFUSALS = {
    "book_older": _l(
        "This set is as of %(as_of)s. The book already stands at %(newest)s: an older set is not taken in."
    ),
    "book_changed_while_read": _l(
        "The files were changed while they were read. Nothing was imported; please start again."
    ),
}

LABELS = {
    PaymentKind: {
        PaymentKind.PAYMENT: _l("Payment"),
        PaymentKind.REVERSAL: _l("Payment taken back"),
    },
    DayCount: {
        DayCount.THIRTY_360: _l("Months of 30 days, years of 360"),
        DayCount.ACT_365: _l("Actual days, years of 365"),
        DayCount.ACT_360: _l("Actual days, years of 360"),
        DayCount.ACT_ACT: _l("Actual days, actual years"),
        DayCount.TWELFTHS: _l("Twelfths of a year"),
    },
}

"""The words of the loan book."""

from enum import StrEnum


class Product(StrEnum):
    CARD = "card"
    CONSUMER_LOAN = "consumer_loan"


class Method(StrEnum):
    """How a debt is divided into instalments."""

    EQUAL_INSTALMENT = "equal_instalment"
    EQUAL_PRINCIPAL = "equal_principal"
    INTEREST_FIRST = "interest_first"
    STEPPED = "stepped"
    LUMP_SUM = "lump_sum"
    MINIMUM_PAYMENT = "minimum_payment"


class Frequency(StrEnum):
    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"


class DayCount(StrEnum):
    THIRTY_360 = "30/360"
    ACT_365 = "act/365"
    ACT_360 = "act/360"
    ACT_ACT = "act/act"
    TWELFTHS = "1/12"


class PaymentKind(StrEnum):
    PAYMENT = "payment"
    REVERSAL = "reversal"


class UploadState(StrEnum):
    """A loan book that was handed to the page: checked and written by the worker."""

    WAITING = "waiting"
    CHECKING = "checking"
    WRITING = "writing"
    DONE = "done"
    UNCHANGED = "unchanged"
    REFUSED = "refused"  # what is wrong is listed; nothing was written
    FAILED = "failed"

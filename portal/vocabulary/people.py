"""The words of who people are and how they are reached."""

from enum import StrEnum


class Role(StrEnum):
    """What a member of staff may do at one lender."""

    AGENT = "agent"
    CALLER = "caller"
    LEAD = "lead"
    MANAGER = "manager"
    HANDLER = "handler"
    AUDITOR = "auditor"
    ADMIN = "admin"


class StaffState(StrEnum):
    """Whether a member of staff can come in. `no_authenticator`: one is set up at the next sign-in."""

    ACTIVE = "active"
    INVITED = "invited"
    NO_AUTHENTICATOR = "no_authenticator"
    DISABLED = "disabled"


class Locale(StrEnum):
    ZH_HANT = "zh_Hant"
    ZH_HANS = "zh_Hans"
    EN = "en"


class IdType(StrEnum):
    CN_ID = "cn_id"
    TW_ID = "tw_id"
    HK_ID = "hk_id"
    PASSPORT = "passport"
    NONE = "none"


class ContactKind(StrEnum):
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"


class PersonalField(StrEnum):
    """What is masked on the staff's pages until somebody asks to see it."""

    ID_NO = "id_no"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"


class EmploymentState(StrEnum):
    EMPLOYED = "employed"
    SELF_EMPLOYED = "self_employed"
    UNEMPLOYED = "unemployed"
    RETIRED = "retired"
    OTHER = "other"


class PartyRole(StrEnum):
    """Who else stands in a loan contract."""

    CO_BORROWER = "co_borrower"
    GUARANTOR = "guarantor"
    REPRESENTATIVE = "representative"


class CodePurpose(StrEnum):
    """What a one-time code opens."""

    ENTRY = "entry"
    SIGNATURE = "signature"

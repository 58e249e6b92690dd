"""A small loan book on disk, for tests of taking one in."""

from pathlib import Path

BORROWERS = """borrower_no,name,id_type,id_no,phone,email,language,province,city,address,lat,lon
B1,林示範,tw_id,A123456789,0912345678,one@example.test,zh-Hant,臺北市,中正區,示範路1號,25.03,121.51
B2,Test Two,,,,,en,,,,,
"""
_LOAN_COLUMNS = (
    "contract_no,borrower_no,product,currency,principal,annual_rate,start_date,periods,method,day_count,"
    "credit_limit"
)
LOANS = f"""{_LOAN_COLUMNS}
L1,B1,consumer_loan,TWD,3000.00,0.146,2026-01-01,3,equal_principal,act/365,
L2,B2,card,TWD,2000,0.15,2026-01-01,2,minimum_payment,act/365,50000
"""
INSTALMENTS = """contract_no,number,due_date,principal,interest,fees,principal_paid,interest_paid,fees_paid
L1,1,2026-02-01,1000.00,36.50,0,1000.00,36.50,0
L1,2,2026-03-01,1000.00,24.33,0,0,0,0
L1,3,2026-04-01,1000.00,12.17,0,0,0,0
L2,1,2026-02-01,1000,0,0,1000,0,0
L2,2,2026-03-01,1000,0,0,1000,0,0
"""
PAYMENTS = """payment_id,contract_no,paid_on,amount,currency,kind,reference
P1,L1,2026-02-01,1036.50,TWD,payment,
"""
FILES = {
    "borrowers.csv": BORROWERS,
    "loans.csv": LOANS,
    "instalments.csv": INSTALMENTS,
    "payments.csv": PAYMENTS,
    "set.toml": "as_of = 2026-03-01\n",
}


def write(folder: Path, **changed: str | None) -> Path:
    """Write the book into a folder; `loans="…"` replaces a file or adds one, None leaves it out."""
    folder.mkdir(parents=True, exist_ok=True)
    further = {f"{kind}.csv": None for kind in changed.keys() - {name.partition(".")[0] for name in FILES}}
    for name, usual in (FILES | further).items():
        text = changed.get(name.partition(".")[0], usual)
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")
    return folder

"""Turn the Taiwanese credit-card extract of 2005 into a loan book that `portal import` takes.

    python examples/taiwan_cards/convert.py [EXTRACT.csv] [--out FOLDER]

Standard library only. Sex, education, marital status and age stand in the extract; they are not read, because
nobody needs them to help with a debt."""

import argparse
import csv
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
AS_OF = date(2005, 9, 28)
NEWEST_MONTH = 9  # September 2005; the first figure of each series
MONTHS_BILLED = 6  # April to September
LEAST_MINIMUM = Decimal(1000)
MINIMUM_SHARE = Decimal("0.1")
RATE = "0.15"  # not in the extract: the ceiling for cards in Taiwan
CITIES = (
    ("臺北市", "中正區", "25.0329", "121.5199"),
    ("新北市", "板橋區", "25.0118", "121.4628"),
    ("桃園市", "桃園區", "24.9937", "121.3010"),
    ("臺中市", "西區", "24.1414", "120.6632"),
    ("臺南市", "東區", "22.9830", "120.2270"),
    ("高雄市", "苓雅區", "22.6217", "120.3126"),
)


class Client(NamedTuple):
    """One client of the extract: only what a loan book needs."""

    number: int
    limit: Decimal
    months_late: int
    statements: tuple[Decimal, ...]  # September first
    payments: tuple[Decimal, ...]  # September first


class Minimum(NamedTuple):
    """The minimum payment of one month."""

    due: date
    amount: Decimal
    paid: bool


def read_clients(path: Path) -> Iterator[Client]:
    with path.open(encoding="utf-8-sig", newline="") as text:
        for row in csv.DictReader(text):
            months = range(1, MONTHS_BILLED + 1)
            yield Client(
                number=int(row["ID"]),
                limit=Decimal(row["LIMIT_BAL"]),
                months_late=max(0, int(row["PAY_0"])),
                statements=tuple(Decimal(row[f"BILL_AMT{month}"]) for month in months),
                payments=tuple(Decimal(row[f"PAY_AMT{month}"]) for month in months),
            )


def minimums(client: Client) -> list[Minimum]:
    """The minimum payments of a client, oldest first; months before April are there when they are unpaid."""
    months = max(MONTHS_BILLED, client.months_late)
    newest_first = []
    for back in range(months):
        statement = client.statements[back] if back < MONTHS_BILLED else Decimal(0)
        newest_first.append(
            Minimum(
                due=date(2005, NEWEST_MONTH - back, 1),
                amount=max(LEAST_MINIMUM, statement * MINIMUM_SHARE),
                paid=back >= client.months_late,
            )
        )
    return newest_first[::-1]


def contract_no(client: Client) -> str:
    return f"TW-{client.number}"


def borrower(client: Client) -> dict[str, object]:
    """An invented person, the same at every run: the name says so, the ID number fails its check digit."""
    number = client.number
    city, district, lat, lon = CITIES[number % len(CITIES)]
    return {
        "borrower_no": f"TW-C{number}",
        "name": f"示範客戶{number:05}",
        "id_type": "tw_id",
        "id_no": wrong_id_number(number),
        "phone": f"+886900{number:06}",
        "email": f"client{number:05}@example.test",
        "language": "zh_Hant",
        "province": city,
        "city": district,
        "address": f"示範路{number % 300 + 1}號",
        "lat": f"{Decimal(lat) + Decimal(number * 37 % 400 - 200) / 10000:.4f}",
        "lon": f"{Decimal(lon) + Decimal(number * 53 % 400 - 200) / 10000:.4f}",
    }


def wrong_id_number(number: int) -> str:
    """A number in the form of a Taiwanese ID, with a check digit that is one too high."""
    body = f"1{number:07}"
    weighted = sum(int(digit) * weight for digit, weight in zip(body, range(8, 0, -1), strict=True))
    right = -(1 + weighted) % 10  # the letter A counts 1
    return f"A{body}{(right + 1) % 10}"


def loan(client: Client, rows: list[Minimum]) -> dict[str, object]:
    first = rows[0].due
    return {
        "contract_no": contract_no(client),
        "borrower_no": f"TW-C{client.number}",
        "product": "card",
        "currency": "TWD",
        "principal": sum(row.amount for row in rows),
        "annual_rate": RATE,
        "start_date": date(first.year, first.month - 1, 1).isoformat(),
        "periods": len(rows),
        "method": "minimum_payment",
        "day_count": "act/365",
        "credit_limit": client.limit,
    }


def instalments(client: Client, rows: list[Minimum]) -> Iterator[dict[str, object]]:
    for number, row in enumerate(rows, start=1):
        yield {
            "contract_no": contract_no(client),
            "number": number,
            "due_date": row.due.isoformat(),
            "principal": row.amount,
            "interest": 0,
            "fees": 0,
            "principal_paid": row.amount if row.paid else 0,
            "interest_paid": 0,
            "fees_paid": 0,
        }


def payments(client: Client) -> Iterator[dict[str, object]]:
    """What came in, month by month; the day is not in the extract, so the 20th stands for it."""
    for back, amount in enumerate(client.payments):
        if amount > 0:
            month = date(2005, NEWEST_MONTH - back, 20)
            yield {
                "payment_id": f"{contract_no(client)}-{month:%Y%m}",
                "contract_no": contract_no(client),
                "paid_on": month.isoformat(),
                "amount": amount,
                "currency": "TWD",
                "kind": "payment",
                "reference": "",
            }


class Table:
    """A CSV file whose header comes with its first row."""

    def __init__(self, path: Path) -> None:
        self.count = 0
        self._text = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._text, lineterminator="\n")

    def add(self, row: dict[str, object]) -> None:
        if not self.count:
            self._writer.writerow(row)
        self._writer.writerow([f"{cell:f}" if isinstance(cell, Decimal) else cell for cell in row.values()])
        self.count += 1

    def close(self) -> None:
        self._text.close()


def convert(extract: Path, out: Path) -> dict[str, int]:
    """Write the loan book of an extract into a folder and return how many rows each file has."""
    out.mkdir(parents=True, exist_ok=True)
    kinds = ("borrowers", "loans", "instalments", "payments")
    tables = {kind: Table(out / f"{kind}.csv") for kind in kinds}
    for client in read_clients(extract):
        rows = minimums(client)
        tables["borrowers"].add(borrower(client))
        tables["loans"].add(loan(client, rows))
        for row in instalments(client, rows):
            tables["instalments"].add(row)
        for payment in payments(client):
            tables["payments"].add(payment)
    for table in tables.values():
        table.close()
    (out / "set.toml").write_text(f"as_of = {AS_OF.isoformat()}\n", encoding="utf-8")
    return {kind: table.count for kind, table in tables.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description="Turn the card extract of 2005 into a loan book.")
    parser.add_argument(
        "extract", nargs="?", type=Path, default=HERE / "sample.csv", help="default: sample.csv"
    )
    parser.add_argument("--out", type=Path, default=HERE / "out", help="default: out beside this file")
    given = parser.parse_args()
    try:
        counts = convert(given.extract, given.out)
    except (OSError, KeyError, ValueError, ArithmeticError) as error:
        print(f"{given.extract}: cannot be read: {error!r}", file=sys.stderr)
        return 2
    for kind, count in counts.items():
        print(f"{given.out / kind}.csv: {count} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main())

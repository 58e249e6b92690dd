"""People who do not exist: their names say so, their numbers cannot be anybody's."""

import random
from dataclasses import dataclass
from datetime import date

from stdnum.cn import ric

from portal.vocabulary import IdType, Locale

# Each name as zh_Hant, zh_Hans and Latin letters.
SURNAMES = (
    ("陳", "陈", "Chen"), ("林", "林", "Lin"), ("黃", "黄", "Huang"), ("張", "张", "Zhang"),
    ("李", "李", "Li"), ("王", "王", "Wang"), ("吳", "吴", "Wu"), ("劉", "刘", "Liu"),
    ("蔡", "蔡", "Cai"), ("楊", "杨", "Yang"), ("許", "许", "Xu"), ("鄭", "郑", "Zheng"),
    ("謝", "谢", "Xie"), ("郭", "郭", "Guo"), ("曾", "曾", "Zeng"), ("葉", "叶", "Ye"),
    ("蘇", "苏", "Su"), ("潘", "潘", "Pan"), ("鍾", "钟", "Zhong"), ("梁", "梁", "Liang"),
)  # fmt: skip
GIVEN_NAMES = (
    ("安", "安", "An"), ("樂", "乐", "Le"), ("和", "和", "He"), ("平", "平", "Ping"),
    ("寧", "宁", "Ning"), ("禾", "禾", "Heng"), ("晴", "晴", "Qing"), ("朗", "朗", "Lang"),
    ("悅", "悦", "Yue"), ("舟", "舟", "Zhou"), ("竹", "竹", "Zhu"), ("雨", "雨", "Yu"),
    ("星", "星", "Xing"), ("南", "南", "Nan"), ("柏", "柏", "Bai"), ("青", "青", "Cyan"),
    ("溪", "溪", "Xi"), ("遠", "远", "Yuan"), ("雲", "云", "Yun"), ("橙", "橙", "Cheng"),
)  # fmt: skip
# Part of every given name; the family name stays in front, where masking leaves it.
MARKS = {Locale.ZH_HANT: "示範", Locale.ZH_HANS: "示范", Locale.EN: "Demo"}
# Cities are real, because the cost of living differs from one to the next; the streets are not.
CITIES = {
    Locale.ZH_HANT: ("廣東省", "深圳市", "示範路{}號"),
    Locale.ZH_HANS: ("江苏省", "南京市", "示范路{}号"),
    Locale.EN: ("Zhejiang", "Hangzhou", "{} Demo Road"),
}
NO_REGION = "99"  # no province has it
LARGEST_INDEX = 9999


@dataclass(frozen=True, kw_only=True)
class Person:
    """A fictional borrower as the lender's book names them."""

    borrower_no: str
    name: str
    locale: Locale
    id_type: IdType
    id_no: str
    phone: str
    email: str
    province: str
    city: str
    address: str

    @property
    def last_four(self) -> str:
        return self.id_no[-4:]


class Names:
    """Names in an order of the seed's; the first 400 all differ."""

    def __init__(self, seed: int) -> None:
        self.pairs = [(surname, given) for surname in SURNAMES for given in GIVEN_NAMES]
        random.Random(seed).shuffle(self.pairs)  # noqa: S311  (made-up people, nothing secret)

    def __getitem__(self, place: int) -> dict[Locale, str]:
        surname, given = self.pairs[place % len(self.pairs)]
        return {
            Locale.ZH_HANT: f"{surname[0]}{MARKS[Locale.ZH_HANT]}{given[0]}",
            Locale.ZH_HANS: f"{surname[1]}{MARKS[Locale.ZH_HANS]}{given[1]}",
            Locale.EN: f"{surname[2]} {MARKS[Locale.EN]}-{given[2]}",
        }


def person(rng: random.Random, *, index: int, name: dict[Locale, str], locale: Locale) -> Person:
    """Make the borrower with an index (1 to 9999), which is in every number of theirs."""
    province, city, street = CITIES[locale]
    return Person(
        borrower_no=borrower_no(index),
        name=name[locale],
        locale=locale,
        id_type=IdType.CN_ID,
        id_no=wrong_id_number(rng, index),
        phone=f"+86120{index:08}",  # no operator has numbers that begin with 120
        email=f"borrower{index:04}@borrowers.example",
        province=province,
        city=city,
        address=street.format(rng.randrange(1, 400)),
    )


def borrower_no(index: int) -> str:
    return f"DEMO-{index:04}"


def wrong_id_number(rng: random.Random, index: int) -> str:
    """A number in the form of a mainland identity card: of no region, and with a wrong check digit."""
    born = date(rng.randrange(1965, 2001), rng.randrange(1, 13), rng.randrange(1, 29))
    digits = f"{NO_REGION}{index:04}{born:%Y%m%d}{rng.randrange(1, 1000):03}"
    wrong = [digit for digit in "0123456789" if digit != ric.calc_check_digit(digits)]
    return digits + rng.choice(wrong)

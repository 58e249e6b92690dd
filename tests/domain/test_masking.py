"""Names and numbers where they need not be read in full."""

import pytest

from portal.domain import masking


@pytest.mark.parametrize(
    ("full", "shown"),
    [
        ("林美華", "林**"),
        ("王明", "王*"),
        ("歐", "歐*"),
        ("Lin Mei-hua", "Lin **"),
        ("Cher", "C**"),
        ("", "**"),
    ],
)
def test_of_a_name_the_family_name_stays(full, shown):
    assert masking.name(full) == shown


@pytest.mark.parametrize(
    ("full", "shown"), [("+886900000321", "•••• 321"), ("A123456789", "•••• 789"), ("321", "••••")]
)
def test_of_a_number_the_end_stays(full, shown):
    assert masking.number(full) == shown


@pytest.mark.parametrize(
    ("full", "shown"),
    [
        ("臺北市中正區重慶南路一段122號", "臺北市中正區 ••••"),
        ("100 臺北市中山區市民大道三段8號", "臺北市中山區 ••••"),
        ("新竹縣竹北市光明六路10號", "新竹縣竹北市 ••••"),
        ("广东省深圳市南山区科技园路1号", "广东省深圳市南山区 ••••"),
        ("深圳市南山区阳光小区3栋402室", "深圳市南山区 ••••"),
        ("广州市天河区广州路5号", "广州市天河区 ••••"),
        ("苏州市姑苏区观前街东门市场9号", "苏州市姑苏区 ••••"),
        ("台南市东区裕农路9号", "台南市东区 ••••"),
        ("重慶南路一段122號", "••••"),
        ("No. 5, Test Road, Zhongzheng District, Taipei City", "Zhongzheng District, Taipei City ••••"),
        ("Flat 3, 12 Queen's Road, Wan Chai, Hong Kong", "Wan Chai, Hong Kong ••••"),
        ("1 Test Road, London N1 7AA", "••••"),
        ("1 Test Road", "••••"),
        ("", "••••"),
    ],
)
def test_of_a_place_city_and_district_stay(full, shown):
    assert masking.address(full) == shown


def test_of_a_place_whose_area_is_known_apart_nothing_else_stays():
    assert masking.address("重慶南路一段122號", "臺北市 中正區") == "臺北市 中正區 ••••"


def test_of_an_address_the_domain_stays():
    assert masking.email("mei@example.test") == "m••••@example.test"

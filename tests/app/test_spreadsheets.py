"""CSV that a spreadsheet may open: no text of it is a formula there, whichever sign ends a cell in that country."""

import csv
import io

import pytest

from oneshelf.app.spreadsheets import csv_text


@pytest.mark.parametrize("sign", "=+-@＝＋－＠")  # the full-width signs are meant
@pytest.mark.parametrize("before", ["", " ", "\t", "\u3000", "a; ", "a;", "a\n", "a\t"])
def test_no_cell_begins_with_the_sign_of_a_formula(sign: str, before: str) -> None:
    written = csv_text(["name"], [[f"{before}{sign}1+1"]])
    (cell,) = list(csv.reader(io.StringIO(written, newline="")))[1]
    assert cell == f"{before}'{sign}1+1"


def test_numbers_stay_numbers_and_what_is_not_known_stays_empty() -> None:
    assert csv_text(["a", "b", "c", "d"], [[-1, None, True, -0.5]]) == "a,b,c,d\r\n-1,,true,-0.5\r\n"

"""CSV as people have it: understood, or answered row by row with how to mend it."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.catalogue import Bad, BadTable, Good, read_catalogue
from service.core.catalogue.table import MAX_ROWS
from service.core.codes import MOST_HINTED, harmonized
from service.core.codes.harmonized import descriptions, format_product

ROW = Good(2, "870829", "A-100", "Türschloß; links")
TEXT = 'code,sku,name\n8708.29,A-100,"Türschloß; links"\n'
SUBHEADINGS = sorted(code for code in descriptions() if len(code) == 6)


def only(body, **told):
    """The one good of a file without bad rows."""
    found = read_catalogue(body.encode() if isinstance(body, str) else body, **told)
    assert found.bad == ()
    (good,) = found.goods
    return good


def flaw(body, **told):
    """What is said of the one row of a file, which is bad."""
    found = read_catalogue(body.encode(), **told)
    assert found.goods == ()
    (bad,) = found.bad
    return bad


def test_of_very_many_bad_rows_the_first_are_answered_with_what_is_nearest(monkeypatch):
    compared, real = [], harmonized._codes_alike
    monkeypatch.setattr(
        harmonized, "_codes_alike", lambda *given: compared.append(given) or real(*given)
    )
    rows = [f"8799{number:02}" for number in range(40)] + ["710.1", "999.9"] * 20
    found = read_catalogue("\n".join(["code", *rows]).encode())
    assert len(found.bad) == len(rows)
    assert len(compared) == MOST_HINTED
    hinted = ["Did you mean" in bad.what for bad in found.bad]
    assert hinted[: MOST_HINTED + 1] == [True] * MOST_HINTED + [False]
    assert found.bad[-1].what.endswith("dropped its zeros. Format the column as text.")


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_the_usual_encodings_are_found_out_and_said(encoding, said):
    found = read_catalogue(TEXT.encode(encoding))
    assert (found.goods, found.encoding) == ((ROW,), said)


def test_an_encoding_that_cannot_be_found_out_is_believed():
    text = "code,name\n8703,自動車\n"
    assert only(text.encode("shift_jis"), encoding="shift_jis").name == "自動車"
    with pytest.raises(BadTable, match="this is no gb18030"):
        read_catalogue(b"code\n8703\xff\xff", encoding="gb18030")


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_are_found_out(mark, end):
    rows = ["code,sku,name", '8708.29,A-100,"Türschloß; links"']
    text = end.join(row.replace(",", mark) for row in rows) + end
    assert only(text) == ROW


def test_a_delimiter_is_said_by_a_spreadsheet_or_by_its_sender():
    assert only("sep=;\r\ncode;name\r\n8703;a,b\r\n") == Good(3, "8703", name="a,b")
    assert only("code;x,y,z\n8703;1\n", delimiter=";") == Good(2, "8703")


@pytest.mark.parametrize(
    "header",
    [
        "HS Code,Article No.,Description",
        "hts-code,SKU,Product Name",
        "Zolltarifnummer,Artikelnummer,Bezeichnung",
        "COMMODITY_CODE,part number,Title",
        " code , sku , name ",
        "税番,品番,品名",
        "ＨＳコード,型番,商品名",
        "Warennummer,Artikelnr.,Artikelbezeichnung",
        "Zolltarif-Nr.,Art.-Nr.,Benennung",
        "Code douanier,Référence,De\u0301signation",
    ],
)
def test_columns_are_named_as_systems_name_them(header):
    assert only(f"{header}\n8708.29,A-100,Lock\n") == Good(2, "870829", "A-100", "Lock")


def test_columns_in_any_order_and_others_beside_them():
    found = read_catalogue(b"price,name,code\n3,Lock,8708.29\n")
    assert found.goods == (Good(2, "870829", name="Lock"),)
    assert found.columns.ignored == ("price",)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "the file is empty"),
        ("\n \n", "the file is empty"),
        ("code,sku\n", "no goods below the first line"),
        ("8703,A\n8704,B\n", "no column is named code"),
        ("code,hs code\n8703,8704\n", "'code' and 'hs code' both read as code: rename one"),
        ('code,name\n8703,"abc\n8704,x\n', "close every quote"),
        ('code,name\n8703,"a"b\n', "close every quote"),
        ("code\n" + "8703\n" * (MAX_ROWS + 1), "may have 50,000 rows, this has more"),
    ],
)
def test_a_file_that_is_no_table_of_goods_says_what_to_mend(body, said):
    with pytest.raises(BadTable) as caught:
        read_catalogue(body.encode())
    assert said in str(caught.value)


def test_a_table_may_be_as_long_as_it_says():
    assert len(read_catalogue(("code\n" + "8703\n" * MAX_ROWS).encode()).goods) == MAX_ROWS


def test_lines_are_those_of_the_file_through_blank_ones_and_quoted_line_ends():
    found = read_catalogue(b'code,name\n\n8703,"two\nlines"\n\n9,bad\n8704,ok\n')
    assert found.goods == (Good(3, "8703", name="two lines"), Good(7, "8704", name="ok"))
    assert [one.line for one in found.bad] == [6]


# Codes that a spreadsheet has spoilt: what they may have been is said, and never guessed


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("101.21", "Did you mean 0101.21"),
        ("10121", "Did you mean 0101.21"),
        ("710.1", "Did you mean 0710.10"),
        ("1.01", "Did you mean 0101 "),
        ("999.99", "dropped its zeros"),
        ("8703.8", "Did you mean 8703.80"),
        ("8.70323E+09", "made a number of the code"),
        ("1,01E+05", "made a number of the code"),
        ("=B2", "the code is a formula"),
        ("", "there is no code"),
        ("8799", "HS 2022 has no heading 8799"),
        ("cars", "written in digits"),
        ("8703.23.01", "name it (HTS"),
        ("9" * 100, "fewer than 60 characters"),
    ],
)
def test_a_code_that_cannot_be_taken_says_how_to_mend_it(code, said):
    bad = flaw(f'code,name\n"{code}",x\n')
    assert bad.line == 2
    assert said in bad.what


def test_a_cut_code_is_not_taken_for_another_that_it_reads_as():
    """0710.10 (potatoes) as a number is 710.1, whose digits are heading 7101 (pearls)."""
    assert "7101" in descriptions()
    assert "0710.10" in flaw("code\n710.1\n").what


def test_a_code_that_a_spreadsheet_was_told_to_keep_as_text_is_taken():
    assert only('code\n"=""0901.21"""\n') == Good(2, "090121")


@pytest.mark.parametrize("code", ["8703.23.01", "HTS 8703.23.01", "8703230100"])
def test_national_codes_are_of_the_list_that_is_said_or_that_they_name(code):
    found = read_catalogue(f"code\n{code}\n".encode(), "HTSUS")
    assert found.nomenclature == "HTS"
    assert found.goods[0].code == "".join(sign for sign in code if sign.isdigit())


def test_codes_of_two_lists_are_no_one_catalogue():
    found = read_catalogue(b"code\nHTS 8703.23.01\nTARIC 8703.23.19.10\n8703\n")
    assert len(found.goods) == 2
    assert "make a catalogue for each" in found.bad[0].what


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('8703,A,=HYPERLINK("x")', "the name is a formula"),
        ("8703,=1+1,x", "the SKU is a formula"),
        ("8703,A,=1+1", "the name is a formula"),
        ("8703,A,bell\x07", "the name holds a control character"),
        (f"8703,{'A' * 101},x", "the SKU has 101 characters: at most 100"),
        (f"8703,A,{'x' * 201}", "the name has 201 characters: at most 200"),
        ("8703,A,x,y", "this row has 4 cells and the first line 3"),
    ],
)
def test_words_that_no_alert_should_say_are_refused(row, said):
    assert said in flaw(f"code,sku,name\n{row}\n").what


def test_a_row_may_be_short_or_end_in_empty_cells():
    assert only("code,sku,name\n8703,,,,\n") == Good(2, "8703")
    assert only("code,sku,name\n8703\n") == Good(2, "8703")


GOODS = st.lists(
    st.tuples(
        st.sampled_from(SUBHEADINGS),
        st.text(st.characters(categories=["L", "N", "P"]), max_size=20),
        st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=40),
    ),
    min_size=1,
    max_size=20,
)


@settings(deadline=None)
@given(GOODS, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["utf-8-sig", "utf-16"]))
def test_what_a_program_writes_is_read_back(goods, mark, encoding):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark, quoting=csv.QUOTE_ALL)
    writer.writerow(["code", "sku", "name"])
    writer.writerows((format_product(code), f"x{sku}", f"x{name}") for code, sku, name in goods)
    found = read_catalogue(out.getvalue().encode(encoding))
    assert found.bad == ()
    assert [(one.code, one.sku, one.name) for one in found.goods] == [
        (code, f"x{sku}", " ".join(f"x{name}".split())) for code, sku, name in goods
    ]
    assert found.codes == tuple(dict.fromkeys(code for code, *_ in goods))


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_with_a_reason(body):
    try:
        found = read_catalogue(body)
    except BadTable as error:
        assert str(error)  # noqa: PT017 - either end is right
        return
    assert found.goods or found.bad
    assert all(isinstance(one, Bad) and one.what for one in found.bad)

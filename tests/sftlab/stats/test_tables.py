import pytest

from sftlab.stats.ratings import Level
from sftlab.stats.tables import TableError, read_ratings, read_votes


@pytest.fixture
def file(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "table.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def fault(read, path, **options):
    with pytest.raises(TableError) as caught:
        read(path, **options)
    return str(caught.value)


def test_ratings_of_a_file_with_more_columns_in_another_order(file):
    ratings = read_ratings(file("value,note,rater,unit\n3,x,a,1\n4,y,b,1\n"), level=Level.ORDINAL)
    assert (ratings.units, ratings.raters, ratings.categories) == (1, 2, (3.0, 4.0))


def test_a_byte_order_mark_capitals_and_blank_lines_are_fine(file):
    ratings = read_ratings(file("\ufeffUnit, Rater ,VALUE\r\n\r\n甲,张,好\r\n"), level=Level.NOMINAL)
    assert ratings.categories == ("好",)


def test_an_empty_value_is_a_missing_rating(file):
    ratings = read_ratings(file("unit,rater,value\n1,a,1\n1,b,\n2,b,2\n"), level=Level.NOMINAL)
    assert ratings.present.sum() == 2


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("unit,rater\n1,a\n", 1, "no column 'value'"),
        ("", 1, "no column 'unit'"),
        ("unit,unit,rater,value\n1,1,a,2\n", 1, "more than one column 'unit'"),
        ("unit,rater,value\n", 2, "nothing below"),
        ("unit,rater,value\n1,a,\n", 2, "no row has a value"),
        ("unit,rater,value\n1,a,2\n1,b\n", 3, "2 cells where the first line has 3"),
        ("unit,rater,value\n1,a,2\n,b,2\n", 3, "unit is empty"),
        ("unit,rater,value\n1,a,2\n1,a,3\n", 3, "already rated unit '1' in line 2"),
        ("unit,rater,value\n1,a,good\n", 2, "needs numbers"),
        ("unit,rater,value\n1,a,nan\n", 2, "needs numbers"),
        ('unit,rater,value\n1,a,"2\n', 2, "check the quotes"),
    ],
)
def test_a_fault_names_file_and_line_and_what_to_do(file, text, line, hint):
    path = file(text)
    message = fault(read_ratings, path, level=Level.INTERVAL)
    assert message.startswith(f"{path}, line {line}: ")
    assert hint in message


def test_the_ratio_level_has_no_negative_values(file):
    assert "line 2" in fault(read_ratings, file("unit,rater,value\n1,a,-2\n"), level=Level.RATIO)


def test_another_encoding_is_named_with_its_line(file):
    path = file("unit,rater,value\n1,a,好\n", encoding="gbk")
    assert fault(read_ratings, path, level=Level.NOMINAL).startswith(f"{path}, line 2: not UTF-8")


def test_a_file_that_is_not_there(tmp_path):
    assert "No such file" in fault(read_votes, tmp_path / "none.csv")


def test_votes_with_units_and_raters(file):
    votes = read_votes(file("left,right,choice,unit,rater\nA,B,left,1,x\nB,A,BOTH_BAD,1,y\n"))
    assert (votes.systems, votes.both_bad) == (("A", "B"), 1)
    assert votes.items.tolist() == [0, 0]
    assert votes.raters.tolist() == [0, 1]


def test_votes_without_units_and_raters(file):
    votes = read_votes(file("left,right,choice\nA,B,tie\n"))
    assert (votes.items, votes.raters) == (None, None)


@pytest.mark.parametrize(("row", "hint"), [("A,B,first", "one of left, right"), ("A,A,left", "both 'A'")])
def test_an_impossible_vote(file, row, hint):
    assert hint in fault(read_votes, file(f"left,right,choice\nA,B,left\n{row}\n"))

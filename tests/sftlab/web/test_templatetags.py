import pytest
from django.template import Context, Template

from sftlab.web.templatetags.web import markdown, worddiff


def render(source: str, **context: object) -> str:
    return Template("{% load web %}" + source).render(Context(context))


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "![x](http://elsewhere/x.png)",
        '<img src="x" onerror="alert(1)">',
        "<iframe src='//elsewhere'></iframe>",
    ],
)
def test_markdown_of_people_can_do_nothing(hostile):
    html = str(markdown(hostile))
    assert not any(bad in html for bad in ("<script", "<img", "<iframe", 'href="javascript'))


def test_markdown_keeps_tables_and_code():
    html = str(markdown("| a |\n|---|\n| 1 |\n\n```\nx < y\n```"))
    assert "<td>1</td>" in html
    assert "x &lt; y" in html


def test_a_word_diff_marks_words_and_chinese_characters():
    assert "<del>cat</del><ins>dog</ins>" in worddiff("a cat sat", "a dog sat")
    assert "<del>猫</del><ins>狗</ins>" in worddiff("我有猫。", "我有狗。")


def test_a_word_diff_escapes_what_it_shows():
    assert "<b>" not in worddiff("<b>x</b>", "<b>y</b>")


def test_a_number_comes_with_its_interval():
    html = render("{% interval 0.5 0.4 0.6 how='1,000 resamples' %}")
    assert "0.50" in html
    assert "0.40 – 0.60" in html
    assert 'title="1,000 resamples"' in html


def test_an_absent_number_is_a_dash():
    assert "–" in render("{% interval value %}", value=None)

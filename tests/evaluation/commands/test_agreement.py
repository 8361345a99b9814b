import json

import pytest
from django.core.management import CommandError, call_command

from sftlab.stats.agreement import COEFFICIENTS
from tests.sftlab.stats import published


@pytest.fixture
def targets(tmp_path):
    path = tmp_path / "targets.csv"
    rows = [f"{unit},{rater},{value}" for unit, row in enumerate(published.TARGETS) for rater, value in enumerate(row)]
    path.write_text("\n".join(["unit,rater,value", *rows]))
    return path


def run(path, capsys, *options):
    call_command("agreement", str(path), *options)
    return capsys.readouterr().out


def test_json_has_every_coefficient_with_its_interval_and_reason(targets, capsys):
    document = json.loads(run(targets, capsys, "--level", "interval", "--json"))
    assert set(document["coefficients"]) == set(COEFFICIENTS)
    icc = document["coefficients"]["icc_2_1"]
    assert icc["value"] == pytest.approx(0.29, abs=5e-3)
    assert icc["low"] < icc["value"] < icc["high"]
    assert (icc["n"], icc["left_out"], icc["reason"]) == (6, 0, None)
    assert "two raters" in document["coefficients"]["cohen_kappa"]["reason"]


def test_json_says_what_made_the_numbers(targets, capsys):
    document = json.loads(run(targets, capsys, "--level", "interval", "--json", "--seed", "3", "--resamples", "50"))
    assert (document["seed"], document["resamples"]) == (3, 50)
    assert (document["units"], document["raters"], document["ratings"]) == (6, 4, 24)


def test_the_table_reads_the_numbers(targets, capsys):
    output = run(targets, capsys, "--level", "interval")
    assert "icc_3_k" in output
    assert "0.909" in output


def test_a_bad_file_is_one_error_with_exit_code_2(targets):
    targets.write_text("unit,rater,value\n1,a,good\n")
    with pytest.raises(CommandError, match=r"targets\.csv, line 2: .*--level nominal") as caught:
        call_command("agreement", str(targets), "--level", "interval")
    assert caught.value.returncode == 2

from evaluation.sampling import representation, sample

STRATA = [("zh", "code")] * 50 + [("en", "code")] * 30 + [("en", "law")] * 20


def test_each_stratum_gets_its_share():
    chosen = sample(STRATA, size=10, seed=1)
    assert (
        sorted(STRATA[position] for position in chosen)
        == [("en", "code")] * 3 + [("en", "law")] * 2 + [("zh", "code")] * 5
    )


def test_remainders_go_to_the_largest_fractions():
    assert len(sample(STRATA, size=7, seed=1)) == 7


def test_without_a_size_the_whole_set_is_taken():
    assert sample(STRATA, size=None, seed=1) == list(range(100))


def test_the_report_says_how_far_the_sample_is_from_the_set():
    report = representation(STRATA, sample(STRATA, size=7, seed=1))
    assert (report["items"], report["sampled"]) == (100, 7)
    assert 0 < report["largest_gap"] < 0.1


def test_the_seed_decides_which_items():
    assert sample(STRATA, size=10, seed=1) == sample(STRATA, size=10, seed=1) != sample(STRATA, size=10, seed=2)

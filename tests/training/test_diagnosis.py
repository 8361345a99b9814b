import math

from training.diagnosis import diagnose


def curve(values):
    return list(enumerate(values, 1))


FALLING = curve([3 * math.exp(-step / 20) + 0.5 for step in range(60)])


def kinds(train, evaluation, over=True):
    return [finding.kind for finding in diagnose(train, evaluation, over=over)]


def test_a_healthy_run_has_no_findings():
    assert kinds(FALLING, curve([3.0, 1.2, 1.0, 0.995])) == []


def test_an_evaluation_loss_that_rises_again_is_overfitting_with_its_numbers():
    [finding] = diagnose(FALLING, [(10, 2.0), (20, 1.5), (30, 1.8)], over=True)
    assert finding.kind == "overfitting"
    assert finding.evidence == {"best_step": 20, "best": 1.5, "last_step": 30, "last": 1.8}


def test_a_rise_within_the_noise_is_not():
    assert kinds(FALLING, curve([2.0, 1.5, 1.52])) == []


def test_an_evaluation_loss_that_still_falls_at_the_end_is_underfitting():
    assert kinds(FALLING, curve([3.0, 2.5, 2.0])) == ["underfitting"]


def test_while_it_runs_a_falling_loss_is_no_finding():
    assert kinds(FALLING, curve([3.0, 2.5, 2.0]), over=False) == []


def test_a_training_loss_that_grows_is_diverging():
    assert kinds(curve([1 + step / 10 for step in range(40)]), []) == ["diverging"]


def test_a_training_loss_that_jumps_again_and_again_has_too_high_a_rate():
    losses = [2.0 if step % 10 == 9 else 1.0 - step / 200 for step in range(60)]
    assert kinds(curve(losses), []) == ["rate_too_high"]


def test_little_is_said_about_few_points():
    assert kinds(curve([1.0, 5.0, 9.0]), curve([1.0, 2.0])) == []


GENERAL = [(0, 2.0), (10, 2.1), (20, 2.2)]


def test_rows_on_which_the_base_was_better_are_forgotten_with_their_numbers():
    [finding] = diagnose(FALLING, [], over=True, apart={"general": GENERAL, "own": [(0, 2.0), (20, 1.0)]})
    assert (finding.kind, finding.of) == ("forgetting", "general")
    assert finding.evidence == {"base": 2.0, "last": 2.2, "last_step": 20}


def test_without_the_base_s_own_loss_nothing_is_called_forgotten():
    assert diagnose(FALLING, [], over=True, apart={"general": GENERAL[1:]}) == []

from training.measurements import points, progress


def train(step, time, **values):
    return {"type": "train", "step": step, "steps": 10, "time": time, **values}


def test_a_point_keeps_known_numbers_only():
    [point] = points([train(1, 5.0, loss=2.5, lr=1e-4, grad_norm=None, note="x")])
    assert (point.kind, point.step, point.values) == ("train", 1, {"loss": 2.5, "lr": 1e-4})


def test_the_loss_of_each_evaluation_file_is_kept_apart():
    [point] = points([{"type": "eval", "step": 4, "time": 5.0, "loss": 2.0, "losses": {"eval-0": 1.5, "eval-1": 3.0}}])
    assert point.values == {"loss": 2.0, "loss:eval-0": 1.5, "loss:eval-1": 3.0}


def test_a_step_done_twice_counts_as_it_was_done_last():
    [point] = points([train(1, 5.0, loss=2.5), train(1, 6.0, loss=2.4)])
    assert point.values == {"loss": 2.4}


def test_the_time_left_comes_from_this_attempt_s_rate():
    now = progress({}, [train(2, 100.0), train(3, 104.0), train(4, 108.0)])
    assert now["eta_seconds"] == 6 * 4


def test_a_new_start_forgets_the_old_rate():
    now = progress({"first": {"step": 0, "time": 0.0}}, [{"type": "start", "steps": 10, "resumed_from": 4}])
    assert now == {"what": "train", "steps": 10, "resumed_from": 4}


def test_preparation_is_said_in_its_own_words():
    now = progress({}, [{"type": "progress", "what": "rows", "done": 1, "total": 2}])
    assert (now["what"], now["done"], now["total"]) == ("rows", 1, 2)

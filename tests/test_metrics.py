"""Metrics against loops in plain Python and against scikit-learn."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sklearn.metrics
from sklearn.calibration import calibration_curve

import fnn
from fnn.metrics import (
    accuracy,
    binary_accuracy,
    brier_score,
    confusion_matrix,
    expected_calibration_error,
    f1,
    precision,
    r2,
    recall,
    roc_auc,
    roc_curve,
)

CLASSES = 4
ROWS = 60


def case(rng: np.random.Generator) -> tuple[Any, Any]:
    """Logits (B, K) and labels (B,), about half of them right."""
    labels = rng.integers(0, CLASSES, ROWS)
    logits = rng.normal(size=(ROWS, CLASSES)) + 1.5 * np.eye(CLASSES)[labels]
    return logits.astype(np.float32), labels


def decide(row: np.ndarray) -> int:
    return max(range(CLASSES), key=lambda k: row[k])


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "int8"])
def test_accuracy_and_confusion_matrix(dtype: str, rng: np.random.Generator) -> None:
    logits, labels = case(rng)
    target = labels.astype(dtype)
    counts = np.zeros((CLASSES, CLASSES), int)
    for row, label in zip(logits, labels, strict=True):
        counts[label, decide(row)] += 1
    right = sum(decide(row) == k for row, k in zip(logits, labels, strict=True))
    assert 0 < right < ROWS
    for jit in (lambda f: f, jax.jit):
        assert float(jit(accuracy)(logits, target)) == pytest.approx(right / ROWS)
        matrix = jit(confusion_matrix)(logits, target)
        np.testing.assert_array_equal(matrix, counts)
        assert matrix.dtype == jnp.int32


@pytest.mark.parametrize("metric", [accuracy, confusion_matrix])
def test_rows_for_targets(metric: Any, rng: np.random.Generator) -> None:
    """Soft or one-hot rows stand for the class of their highest entry."""
    logits, labels = case(rng)
    soft = (0.1 + 0.3 * np.eye(CLASSES)[labels]).astype(np.float32)
    np.testing.assert_array_equal(metric(logits, soft), metric(logits, labels))


def test_extremes(rng: np.random.Generator) -> None:
    _, labels = case(rng)
    right = np.eye(CLASSES, dtype=np.float32)[labels]
    assert float(accuracy(right, labels)) == 1  # pyright: ignore
    assert float(accuracy(-right, labels)) == 0  # pyright: ignore


@pytest.mark.parametrize("dtype", ["int32", "bool", "float32"])
@pytest.mark.parametrize("threshold", [0.0, 0.5])
def test_binary_accuracy(
    dtype: str, threshold: float, rng: np.random.Generator
) -> None:
    prediction = rng.normal(size=(ROWS, 3)).astype(np.float32)
    target = rng.integers(0, 2, (ROWS, 3))
    right = [
        (p > threshold) == (t == 1)
        for p, t in zip(prediction.ravel(), target.ravel(), strict=True)
    ]
    got = binary_accuracy(prediction, target.astype(dtype), threshold)  # pyright: ignore
    assert 0 < sum(right) < len(right)
    assert float(got) == pytest.approx(np.mean(right), rel=1e-6)


def test_a_prediction_on_the_threshold_says_no() -> None:
    on = jnp.zeros((1, 1))
    assert float(binary_accuracy(on, jnp.zeros((1, 1), jnp.int32))) == 1


@pytest.mark.parametrize("metric", [accuracy, confusion_matrix])
def test_one_output_has_no_highest(metric: Any) -> None:
    """Class 0 would always win; the message says what to use."""
    with pytest.raises(ValueError, match="binary_accuracy"):
        metric(jnp.ones((5, 1)), jnp.zeros(5, jnp.int32))
    with pytest.raises(ValueError, match="binary_accuracy"):
        metric(jnp.ones((5, 1)), jnp.ones((5, 1)))


def test_a_traced_label_that_is_no_class_counts_nowhere() -> None:
    cells = jax.jit(confusion_matrix)(jnp.eye(3), jnp.array([-1, 1, 3]))
    np.testing.assert_array_equal(cells, np.diag([0, 1, 0]))


METRICS = {"precision": precision, "recall": recall, "f1": f1}


def ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def by_hand(name: str, said: list[int], true: list[int], average: str) -> Any:
    """Counts of pairs in plain Python."""
    parts, wholes = [], []
    for k in range(CLASSES):
        right = sum(s == t == k for s, t in zip(said, true, strict=True))
        given, there = said.count(k), true.count(k)
        whole = {"precision": given, "recall": there, "f1": given + there}[name]
        parts.append(2 * right if name == "f1" else right)
        wholes.append(whole)
    if average == "micro":
        return ratio(sum(parts), sum(wholes))
    values = [ratio(p, w) for p, w in zip(parts, wholes, strict=True)]
    return values if average == "none" else float(np.mean(values))


@pytest.mark.parametrize("absent", [None, 2])
@pytest.mark.parametrize("name", METRICS)
@pytest.mark.usefixtures("x64")
def test_precision_recall_f1(
    name: str, absent: int | None, rng: np.random.Generator
) -> None:
    """Also with a class that nobody belongs to and nobody is given to: 0 / 0 = 0."""
    logits, labels = case(rng)
    logits = logits.astype(float)
    if absent is not None:
        logits[:, absent] = -100
        labels = np.where(labels == absent, 0, labels)
    said = [decide(row) for row in logits]
    compiled = jax.jit(METRICS[name], static_argnames="average")
    reference = getattr(sklearn.metrics, f"{name}_score")
    for average in ("macro", "micro", "none"):
        got = compiled(logits, labels, average=average)
        expected = by_hand(name, said, labels.tolist(), average)
        np.testing.assert_allclose(got, expected, rtol=1e-12)
        theirs = reference(
            labels,
            said,
            labels=range(CLASSES),
            average=None if average == "none" else average,
            zero_division=0,
        )
        np.testing.assert_allclose(got, theirs, rtol=1e-12)
        narrow = compiled(logits.astype(np.float32), labels, average=average)
        assert narrow.dtype == jnp.float32
        np.testing.assert_allclose(narrow, theirs, rtol=2e-7)
        # The class is the highest entry of a row as well.
        rows = np.eye(CLASSES)[labels]
        np.testing.assert_array_equal(compiled(logits, rows, average=average), got)


@pytest.mark.parametrize("name", METRICS)
def test_one_output_scores_the_class_yes(name: str, rng: np.random.Generator) -> None:
    logits = rng.normal(size=(ROWS, 1)).astype(np.float32)
    logits[:3] = 0  # on the threshold: no
    target = rng.integers(0, 2, (ROWS, 1))
    expected = getattr(sklearn.metrics, f"{name}_score")(target[:, 0], logits[:, 0] > 0)
    for average in ("macro", "micro", "none"):
        got = METRICS[name](logits, target, average)  # pyright: ignore
        np.testing.assert_allclose(np.squeeze(got), expected, rtol=2e-7)
    nothing = METRICS[name](-np.abs(logits), np.zeros_like(target))  # pyright: ignore
    assert float(nothing) == 0


def test_half_precision_counts_in_float32() -> None:
    """bfloat16 has 8 bits: 1000 of 1001 would be 1."""
    logits = jnp.ones((1001, 1), jnp.bfloat16)
    target = jnp.ones((1001, 1), jnp.int32).at[0].set(0)
    got = precision(logits, target)
    assert float(got) == pytest.approx(1000 / 1001, rel=1e-6)


def scores(rng: np.random.Generator, rows: int, ties: bool) -> tuple[Any, Any]:
    """Scores, on a coarse grid for ties, and answers that they know something of."""
    target = rng.integers(0, 2, rows)
    target[:2] = 0, 1
    score = rng.normal(size=rows) + target
    return (np.round(2 * score) / 2 if ties else score), target


def pairs(score: Any, target: Any) -> float:
    """AUC as the definition has it: every positive beside every negative."""
    positive, negative = score[target == 1][:, None], score[target == 0][None]
    return float(np.mean((positive > negative) + 0.5 * (positive == negative)))


auc = jax.jit(roc_auc, static_argnames="average")


@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("rows", [2, 3, 57, 400])
@pytest.mark.usefixtures("x64")
def test_auc(rows: int, ties: bool, rng: np.random.Generator) -> None:
    score, target = scores(rng, rows, ties)
    expected = pairs(score, target)
    theirs = sklearn.metrics.roc_auc_score(target, score)
    assert float(auc(score, target)) == pytest.approx(expected, rel=1e-12)
    assert float(auc(score, target)) == pytest.approx(theirs, rel=1e-12)
    column = auc(score[:, None], target[:, None].astype(bool))
    assert float(column) == pytest.approx(expected, rel=1e-12)
    # The order alone matters (errata J2), and the other answer is the complement.
    assert float(auc(np.exp(score), target)) == pytest.approx(expected, rel=1e-12)
    assert float(auc(score, 1 - target)) == pytest.approx(1 - expected, abs=1e-12)
    if ties:
        narrow = score.astype(np.float32)
        assert float(auc(narrow, target)) == pytest.approx(expected, abs=3e-7)


def test_auc_of_ties_alone_and_of_one_kind() -> None:
    assert float(auc(jnp.zeros(9), jnp.arange(9) % 2)) == 0.5
    assert np.isnan(auc(jnp.arange(4.0), jnp.ones(4, jnp.int32)))
    assert np.isnan(auc(jnp.arange(4.0), jnp.zeros(4, jnp.int32)))
    assert float(auc(jnp.arange(4.0), jnp.array([0, 0, 1, 1]))) == 1
    # A negative zero is a zero.
    assert float(auc(jnp.array([-0.0, 0.0]), jnp.array([0, 1]))) == 0.5


def test_a_nan_has_no_rank() -> None:
    """Concrete it raises; in a compiled step it must not pass for a score."""
    score, target = jnp.array([0.1, jnp.nan, 0.3, 0.4]), jnp.array([1, 0, 1, 0])
    assert np.isnan(auc(score, target))
    curve = jax.jit(roc_curve)(score, target)
    assert np.isnan(curve.true_positive_rate).all()
    assert np.isnan(curve.false_positive_rate).all()


@pytest.mark.usefixtures("x64")
def test_auc_of_columns(rng: np.random.Generator) -> None:
    columns = [scores(rng, 50, True) for _ in range(3)]
    score, target = (np.stack(part, axis=1) for part in zip(*columns, strict=True))
    values = [pairs(s, t) for s, t in columns]
    np.testing.assert_allclose(auc(score, target, average="none"), values, rtol=1e-12)
    for average in ("macro", "micro"):
        theirs = sklearn.metrics.roc_auc_score(target, score, average=average)
        assert float(auc(score, target, average=average)) == pytest.approx(theirs)
    assert float(auc(score, target)) == pytest.approx(np.mean(values))


def test_auc_of_many_examples() -> None:
    """More pairs than an int32 can count; float32 to six places all the same."""
    rng = np.random.default_rng(0)
    score, target = scores(rng, 200_000, True)
    theirs = sklearn.metrics.roc_auc_score(target, score)
    got = auc(score.astype(np.float32), target)
    assert float(got) == pytest.approx(theirs, abs=2e-6)


@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.usefixtures("x64")
def test_roc_curve(ties: bool, rng: np.random.Generator) -> None:
    score, target = scores(rng, 80, ties)
    curve = jax.jit(roc_curve)(score, target)
    assert {part.shape for part in curve} == {(81,)}
    curve = jax.tree.map(np.asarray, curve)
    for fpr, tpr, threshold in zip(*curve, strict=True):
        said = score >= threshold
        assert float(tpr) == pytest.approx(said[target == 1].mean(), abs=1e-15)
        assert float(fpr) == pytest.approx(said[target == 0].mean(), abs=1e-15)
    # Each distinct point once: what scikit-learn keeps, to the last point.
    distinct = np.unique(np.stack(curve, axis=1), axis=0)
    theirs = sklearn.metrics.roc_curve(target, score, drop_intermediate=False)
    expected = np.unique(np.stack(theirs, axis=1), axis=0)
    np.testing.assert_allclose(distinct, expected, rtol=1e-12)
    assert len(distinct) == 1 + len(np.unique(score))
    area = np.trapezoid(curve.true_positive_rate, curve.false_positive_rate)
    assert area == pytest.approx(pairs(score, target), rel=1e-12)


@pytest.mark.usefixtures("x64")
def test_r2(rng: np.random.Generator) -> None:
    target = 100 + rng.normal(size=(40, 3))
    prediction = target + 0.5 * rng.normal(size=(40, 3))
    target[:, 1], prediction[:, 1] = 0.5, 0.5  # constant, and met
    target[:, 2] = 0.5  # constant, and missed
    metric = jax.jit(r2, static_argnames="average")
    left = np.square(target - prediction)[:, 0].sum()
    first = 1 - left / (40 * target[:, 0].var())
    each = metric(prediction, target, average="none")
    np.testing.assert_allclose(each, [first, 1, 0], rtol=1e-12)
    for average, theirs in (("none", "raw_values"), ("macro", "uniform_average")):
        got = metric(prediction, target, average=average)
        expected = sklearn.metrics.r2_score(target, prediction, multioutput=theirs)
        np.testing.assert_allclose(got, expected, rtol=1e-12)
    # scikit-learn gives -6e36 here: the mean of 40 times 0.1 is not quite 0.1.
    assert float(metric(prediction[:, 2], np.full(40, 0.1))) == 0
    flat = metric(prediction[:, 0], target[:, 0])
    assert float(flat) == pytest.approx(first, rel=1e-12)
    narrow = metric(*(a[:, 0].astype(np.float32) for a in (prediction, target)))
    assert float(narrow) == pytest.approx(first, abs=1e-5)
    assert float(metric(np.full(40, target[:, 0].mean()), target[:, 0])) == (
        pytest.approx(0, abs=1e-12)
    )


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.usefixtures("x64")
def test_brier_score(rng: np.random.Generator) -> None:
    logits, labels = case(rng)
    logits = logits.astype(float)
    p = softmax(logits)
    expected = np.mean(np.square(p - np.eye(CLASSES)[labels]).sum(axis=1))
    theirs = sklearn.metrics.brier_score_loss(labels, p, labels=range(CLASSES))
    assert theirs == pytest.approx(expected, rel=1e-12)
    metric = jax.jit(brier_score, static_argnames="logits")
    for prediction, target, kind in (
        (logits, labels, True),
        (p, labels, False),
        (logits, np.eye(CLASSES, dtype=np.float32)[labels], True),
    ):
        got = metric(prediction, target, logits=kind)
        assert float(got) == pytest.approx(expected, rel=1e-12)
    narrow = metric(logits.astype(np.float32), labels)
    assert float(narrow) == pytest.approx(expected, rel=1e-6)


@pytest.mark.usefixtures("x64")
def test_brier_score_of_one_output(rng: np.random.Generator) -> None:
    logits, target = rng.normal(size=(ROWS, 1)), rng.integers(0, 2, (ROWS, 1))
    p = 1 / (1 + np.exp(-logits))
    got = float(brier_score(logits, target))  # pyright: ignore
    assert got == pytest.approx(np.mean(np.square(p - target)), rel=1e-12)
    theirs = sklearn.metrics.brier_score_loss(target[:, 0], p[:, 0])
    assert got == pytest.approx(theirs, rel=1e-12)
    # Two outputs for the same answer count twice.
    both = np.concatenate([1 - p, p], axis=1)
    twice = brier_score(both, target[:, 0], logits=False)  # pyright: ignore
    assert float(twice) == pytest.approx(2 * got, rel=1e-12)


def calibration_by_hand(confidence: Any, right: Any, bins: int) -> float:
    total = 0.0
    for m in range(bins):
        inside = (confidence > m / bins) & (confidence <= (m + 1) / bins)
        if inside.any():
            gap = abs(right[inside].mean() - confidence[inside].mean())
            total += inside.mean() * gap
    return total


@pytest.mark.parametrize("bins", [1, 8, 15])
@pytest.mark.usefixtures("x64")
def test_expected_calibration_error(bins: int, rng: np.random.Generator) -> None:
    logits, labels = case(rng)
    logits = logits.astype(float)
    p = softmax(logits)
    right = p.argmax(axis=1) == labels
    expected = calibration_by_hand(p.max(axis=1), right, bins)
    metric = jax.jit(expected_calibration_error, static_argnames=("bins", "logits"))
    assert float(metric(logits, labels, bins)) == pytest.approx(expected, rel=1e-12)
    got = metric(p, np.eye(CLASSES)[labels], bins, logits=False)
    assert float(got) == pytest.approx(expected, rel=1e-12)
    # One output: the confidence is in the answer given, yes or no.
    one, answers = rng.normal(size=(ROWS, 1)), rng.integers(0, 2, (ROWS, 1))
    yes = 1 / (1 + np.exp(-one[:, 0]))
    sure, agree = np.maximum(yes, 1 - yes), (yes > 0.5) == (answers[:, 0] == 1)
    expected = calibration_by_hand(sure, agree, bins)
    assert float(metric(one, answers, bins)) == pytest.approx(expected, rel=1e-12)


def test_calibration_against_the_curve_of_scikit_learn(
    rng: np.random.Generator,
) -> None:
    """Where yes is always the answer, its bins are those of the calibration curve."""
    p = rng.uniform(0.51, 1, (ROWS, 1)).astype(np.float32)
    target = rng.integers(0, 2, (ROWS, 1))
    true, said = calibration_curve(target[:, 0], p[:, 0], n_bins=10)
    counts = np.histogram(p, np.linspace(0, 1, 11))[0]
    expected = np.sum(counts[counts > 0] / ROWS * np.abs(true - said))
    got = expected_calibration_error(p, target, 10, logits=False)  # pyright: ignore
    assert float(got) == pytest.approx(expected, abs=3e-7)


def test_bins_are_closed_above() -> None:
    """Confidence 3/4 is in the bin from 1/2 to 3/4, and 1 in the last one."""
    p = jnp.array([[0.75], [0.625], [1.0], [0.875]])
    target = jnp.array([[1], [0], [1], [0]])
    got = expected_calibration_error(p, target, 4, logits=False)
    below, above = abs(1 - 1.375), abs(1 - 1.875)
    assert float(got) == (below + above) / 4


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: f1(jnp.eye(3), jnp.arange(3), "weighted"), "average must be 'macro'"),
        (lambda: recall(jnp.ones((3, 1)), jnp.arange(3)), "same shape"),
        (lambda: recall(jnp.ones((3, 1)), 2 * jnp.ones((3, 1))), "0 and 1, got 2.0"),
        (lambda: precision(jnp.eye(3), jnp.array([0, 1, 3])), "got 3 in row 2"),
        (lambda: roc_auc(jnp.eye(3), jnp.arange(3)), "same shape"),
        (lambda: roc_auc(jnp.arange(3.0), jnp.arange(3)), "got 2 in row 2.*one_hot"),
        (lambda: roc_auc(jnp.zeros(0), jnp.zeros(0)), r"B at least 1, got \(0,\)"),
        (lambda: roc_auc(jnp.array([jnp.nan]), jnp.ones(1)), "must be finite"),
        (lambda: roc_curve(jnp.eye(2), jnp.eye(2)), r"\(B,\) or \(B, 1\)"),
        (lambda: r2(jnp.ones(1), jnp.ones(1)), "B at least 2"),
        (lambda: r2(jnp.ones(3), jnp.ones((3, 1))), "same shape"),
        (lambda: r2(jnp.ones(3), jnp.ones(3), "micro"), "'macro' or 'none'"),
        (
            lambda: brier_score(2 * jnp.eye(3), jnp.arange(3), logits=False),
            "lie in 0 to 1 with logits=False, got 2.0 in row 0",
        ),
        (
            lambda: expected_calibration_error(jnp.eye(3), jnp.arange(3), 0),
            "bins must be at least 1",
        ),
    ],
)
def test_mistakes(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_evaluate_takes_them(rng: np.random.Generator) -> None:
    recipe = fnn.classic.logistic_regression(3)
    state = fnn.init(recipe, jax.random.key(0))
    x = rng.normal(size=(20, 3)).astype(np.float32)
    y = (np.arange(20) % 2)[:, None]
    metrics = (f1, roc_auc, brier_score, expected_calibration_error)
    got = jax.jit(fnn.evaluate, static_argnames="metrics")(
        recipe, state, (x, y), metrics
    )
    values = {name: float(value) for name, value in got.items() if name != "loss"}
    # Zero weights: every logit is 0, every probability one half.
    expected = {"f1": 0, "roc_auc": 0.5, "brier_score": 0.25}
    assert values == expected | {"expected_calibration_error": 0}

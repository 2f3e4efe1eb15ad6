"""The perceptron rule."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from fnn._core.checks import Range, check_range, is_concrete
from fnn._core.classic_checks import check_perceptron, check_perceptron_run
from fnn._core.trees import like, working_dtype
from fnn.classic.units import McCullochPitts


class PerceptronFit(NamedTuple):
    """What the perceptron rule arrived at, and how.

    Attributes:
        unit: the threshold unit that was learned.
        weights: (n + 1,) or (n + 1, K); the last row weighs the bias input.
        path: the weights before training and after every update: each example of each
            epoch (online), or each epoch (batch). Its length is fixed by `epochs`; from
            the stop on it repeats the final weights. None unless it was kept.
        epochs: int32 scalar, the epochs made, with the one that found no error.
        mistakes: int32, () or (K,), the wrong answers of all epochs together.
        converged: whether the last epoch made no error.
    """

    unit: McCullochPitts
    weights: jax.Array
    path: jax.Array | None
    epochs: jax.Array
    mistakes: jax.Array
    converged: jax.Array


def perceptron_fit(
    x: Any,
    targets: Any,
    *,
    learning_rate: Any = 1.0,
    start: Any = None,
    bias_input: Any = 1.0,
    rule: str = "online",
    epochs: int = 100,
    keep_path: bool = True,
) -> PerceptronFit:
    """Train threshold units by the perceptron rule, until an epoch has no error.

        w_ij <- w_ij + learning_rate (t_j - y_j) x_i,    y_j = [sum_i w_ij x_i > 0]

    where one more input, `bias_input`, is the same for every example. Online the
    weights move after each example, in the order given; in batch they move once an
    epoch, by the sum over all examples (errata D3, D4, D7).

    The online rule stops if and only if a plane separates the targets, for each unit
    after at most (R / gamma)^2 mistakes from zero weights: R bounds the length of the
    inputs, gamma is the margin of some unit vector (Novikoff 1962). XOR cycles for
    ever, hence `epochs` (errata D6). From zero weights the learning rate scales the
    weights and changes no answer (errata D5). The cost is epochs * P * n * K (D8).

    Compile it with static `rule`, `epochs`, `keep_path`; map it over anything else.

    Args:
        x: (P, n) examples, floating; the weights are float32 where x is narrower.
        targets: (P,) of 0 and 1, or (P, K) for K units at once.
        learning_rate: above 0.
        start: the first weights, like `weights` of the result; zeros if not given.
        bias_input: any number but 0; -1 makes the path of 1 with bias weights negated,
            from a start with them negated.
        rule: "online" or "batch".
        epochs: passes over the examples, at most.
        keep_path: whether to return the path, which takes memory for all epochs.

    Returns:
        A `PerceptronFit`.

    Raises:
        TypeError: an argument is of the wrong kind.
        ValueError: shapes do not fit, or concrete values are not allowed.

    Source: F. Rosenblatt, The perceptron, 1958.

    Example:
        >>> x = jnp.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        >>> fit = perceptron_fit(x, jnp.array([0, 0, 0, 1]), learning_rate=0.25)
        >>> fit.unit(x).tolist(), fit.weights.tolist(), int(fit.epochs)
        ([0.0, 0.0, 0.0, 1.0], [0.5, 0.25, -0.5], 6)
        >>> bool(perceptron_fit(x, jnp.array([0, 1, 1, 0])).converged)
        False
    """
    check_perceptron(x, targets, start, bias_input)
    check_perceptron_run(rule, epochs)
    if is_concrete(learning_rate):
        check_range("learning_rate", learning_rate, Range(above=0))
    x = jnp.asarray(x, working_dtype(x))
    one_unit = targets.ndim == 1
    wanted = jnp.asarray(targets, x.dtype).reshape(len(x), -1)
    bias = like(bias_input, x)
    inputs = jnp.concatenate([x, jnp.broadcast_to(bias, (len(x), 1))], axis=1)
    shape = (inputs.shape[1], wanted.shape[1])
    first = jnp.zeros(shape, x.dtype) if start is None else jnp.asarray(start, x.dtype)
    first = first.reshape(shape)
    rate = like(learning_rate, x)

    def moved(w: Any, rows: Any, wanted: Any) -> tuple[jax.Array, jax.Array]:
        h = jnp.matmul(rows, w, precision="highest")
        errors = wanted - (h > 0).astype(w.dtype)
        change = jnp.matmul(rows.T, errors, precision="highest")
        return w + rate * change, errors

    def online(w: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        def example(w: Any, pair: Any) -> Any:
            w, errors = moved(w, *(part[None] for part in pair))
            return w, (w, errors[0])

        w, (path, errors) = lax.scan(example, w, (inputs, wanted))
        return w, path, errors

    def batch(w: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        w, errors = moved(w, inputs, wanted)
        return w, w[None], errors

    one_epoch = online if rule == "online" else batch
    moves = len(x) if rule == "online" else 1
    path = jnp.broadcast_to(first, (1 + epochs * moves if keep_path else 0, *shape))

    def goes_on(carry: Any) -> jax.Array:
        _, _, done, _, converged = carry
        return (done < epochs) & ~converged

    def epoch(carry: Any) -> Any:
        w, path, done, mistakes, _ = carry
        w, steps, errors = one_epoch(w)
        if keep_path:
            path = lax.dynamic_update_slice_in_dim(path, steps, 1 + done * moves, 0)
        wrong = jnp.sum((errors != 0).astype(jnp.int32), axis=0, dtype=jnp.int32)
        return w, path, done + 1, mistakes + wrong, ~jnp.any(wrong > 0)

    none = jnp.zeros((), jnp.int32)
    carry = (first, path, none, jnp.zeros(shape[1], jnp.int32), jnp.array(False))
    w, path, done, mistakes, converged = lax.while_loop(goes_on, epoch, carry)
    made = jnp.arange(len(path), dtype=jnp.int32) <= done * moves
    path = jnp.where(made[:, None, None], path, w[None])
    if one_unit:
        w, path, mistakes = w[:, 0], path[:, :, 0], mistakes[0]
    unit = McCullochPitts(w[:-1], -bias * w[-1])
    kept = path if keep_path else None
    return PerceptronFit(unit, w, kept, done, mistakes, converged)

"""Muon: momentum made orthogonal, for hidden weight matrices."""

from typing import Any

import jax

from fnn._core.checks import check_choice, check_kind, check_size
from fnn._core.component import number, static
from fnn._core.trees import global_norm, is_weight
from fnn.optimizers.base import EXPECTED, ArrayOptimizer, Optimizer, Tree, as_optimizer

# Keller Jordan's quintic a x + b x^3 + c x^5: steepest at 0 among those that keep
# [0, 1] near 1, at the price of ending in about [0.7, 1.2] and not at 1.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


class Muon(ArrayOptimizer):
    """Steps whose singular values are all near 1, for the hidden weight matrices.

        v <- momentum v + g
        d = g + momentum v with `nesterov`, else v
        x <- x - learning_rate (sqrt(max(1, n_out / n_in)) O + weight_decay x)

    where O is near the closest orthogonal matrix to d, U V^T of its singular value
    decomposition U S V^T, found with matrix products alone (Newton-Schulz):

        X = d / (|d| + epsilon),  |d| the Frobenius norm
        X <- a X + (b A + c A^2) X  with  A = X X^T,  `iterations` times

    with (a, b, c) = (3.4445, -4.7750, 2.0315), transposed where that makes A smaller.
    Five iterations bring singular values of X between 0.01 and 1 to between 0.7 and
    1.2. Source: Keller Jordan, Muon, 2024, and his code, in which the iteration is in
    bfloat16; here it is in the dtype of the parameters, but float32 where that is
    narrower.

    Matrices are the parameters named "w" with two or more axes. Those of a `Repeat`,
    stacked along leading axes, are treated one by one. Everything else, biases and
    normalization, goes to `rest`, and by default the first and the last matrix of the
    tree as well: Jordan leaves what reads the input and what makes the output to
    Adam. A stack counts as one, so a network of two matrices is left to `rest`.

    Args:
        learning_rate: a number or a schedule; of the matrices, and not of `rest`.
        rest: the optimizer of everything else, such as `Adam(1e-3)`.
        momentum: share of v that survives a step.
        weight_decay: share of a weight that a step at learning rate 1 takes away.
        epsilon: keeps the divisor from 0; far above it the size of g is of no matter.
        nesterov: look ahead.
        iterations: of Newton-Schulz.
        ends: who treats the first and the last matrix, "rest" or "muon".

    Example:
        >>> import jax.numpy as jnp
        >>> from fnn.optimizers import Adam
        >>> optimizer = Muon(1.0, Adam(1e-3), ends="muon")
        >>> g = {"w": jnp.array([[5.0, 0.0], [0.0, 0.1]]), "b": jnp.array([3.0])}
        >>> updates, _ = optimizer.update(g, optimizer.init(g), g)
        >>> sizes = jnp.linalg.svd(updates["w"], compute_uv=False)
        >>> bool(((0.6 < sizes) & (sizes < 1.3)).all())
        True
        >>> round(float(updates["b"][0]), 4)
        -0.001
    """

    learning_rate: Any = number(at_least=0)
    rest: Any
    momentum: Any = number(default=0.95, at_least=0, below=1)
    weight_decay: Any = number(default=0.0, at_least=0)
    epsilon: Any = number(default=1e-7, above=0)
    nesterov: bool = static(default=True)
    iterations: int = static(default=5)
    ends: str = static(default="rest")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_size("Muon.iterations", self.iterations)
        check_choice("Muon.ends", self.ends, ("rest", "muon"))
        object.__setattr__(self, "rest", as_optimizer(self.rest))

    def slot_names(self) -> tuple[str, ...]:
        return ("velocity",)

    def init(self, params: Tree) -> dict[str, Tree]:
        check_kind("Muon.rest", self.rest, Optimizer, EXPECTED)
        matrices, others = self._split(params, params)
        return {**super().init(matrices), "rest": self.rest.init(others)}

    def update(
        self, gradients: Tree, opt_state: dict[str, Tree], params: Tree
    ) -> tuple[Tree, dict[str, Tree]]:
        matrices, others = self._split(params, params)
        slopes, other_slopes = self._split(gradients, params)
        updates, state = super().update(slopes, opt_state, matrices)
        rest, rest_state = self.rest.update(other_slopes, opt_state["rest"], others)
        # Each leaf is None in one of the two trees.
        merged = jax.tree.map(
            lambda ours, theirs: theirs if ours is None else ours,
            updates,
            rest,
            is_leaf=lambda leaf: leaf is None,
        )
        return merged, {**state, "rest": rest_state}

    def update_array(
        self,
        g: jax.Array,
        slots: dict[str, jax.Array],
        p: jax.Array,
        rate: jax.Array,
        step: jax.Array,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del step
        velocity = self.momentum * slots["velocity"] + g
        direction = g + self.momentum * velocity if self.nesterov else velocity
        n_in, n_out = p.shape[-2:]
        matrices = direction.reshape(-1, n_in, n_out)
        orthogonal = jax.vmap(self._orthogonalize)(matrices).reshape(p.shape)
        scale = max(1.0, n_out / n_in) ** 0.5
        update = -rate * (scale * orthogonal + self.weight_decay * p)
        return update, {"velocity": velocity}

    def _orthogonalize(self, matrix: jax.Array) -> jax.Array:
        """Newton-Schulz on one matrix, with its rows the shorter side."""
        rows, columns = matrix.shape
        x = matrix if rows <= columns else matrix.T
        a, b, c = COEFFICIENTS
        x = x / (global_norm(x) + self.epsilon)
        for _ in range(self.iterations):
            square = x @ x.T
            x = a * x + (b * square + c * square @ square) @ x
        return x if rows <= columns else x.T

    def _split(self, tree: Tree, params: Tree) -> tuple[Tree, Tree]:
        """Matrices and the rest of a tree like `params`, None in the other's places."""
        paths_and_leaves, treedef = jax.tree_util.tree_flatten_with_path(params)
        found = [is_weight(path) and p.ndim >= 2 for path, p in paths_and_leaves]
        if self.ends == "rest" and any(found):
            last = len(found) - 1 - found[::-1].index(True)
            found[found.index(True)] = found[last] = False
        leaves = treedef.flatten_up_to(tree)
        ours = [leaf if ok else None for leaf, ok in zip(leaves, found, strict=True)]
        rest = [None if ok else leaf for leaf, ok in zip(leaves, found, strict=True)]
        return treedef.unflatten(ours), treedef.unflatten(rest)

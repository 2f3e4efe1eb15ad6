"""Muon: its matrices against a NumPy Newton-Schulz, the others against Adam."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fnn
from fnn.optimizers import Adam, AdamW, Muon

STEPS = 20
SHAPES = {"wide": (3, 7), "tall": (7, 3), "square": (4, 4), "stacked": (5, 4, 4)}


def newton_schulz(d: np.ndarray) -> np.ndarray:
    """Of one matrix, by the polynomial on its singular values."""
    u, s, vt = np.linalg.svd(d, full_matrices=False)
    s = s / (np.sqrt((s**2).sum()) + 1e-7)
    for _ in range(5):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return (u * s) @ vt


def jordan(p: Any, gradients: Any, rate: float, decay: float, nesterov: bool) -> Any:
    """His rule, in his own form: momentum as a mean, which the size does not touch."""
    if p.ndim == 3:
        rows = zip(p, np.moveaxis(gradients, 1, 0), strict=True)
        return np.stack([jordan(w, g, rate, decay, nesterov) for w, g in rows])
    mean = np.zeros_like(p)
    scale = max(1.0, p.shape[1] / p.shape[0]) ** 0.5
    for g in gradients:
        mean = 0.95 * mean + 0.05 * g
        d = 0.05 * g + 0.95 * mean if nesterov else mean
        # Both means are 0.05 of fnn's sums, and so would epsilon be.
        p = p * (1 - rate * decay) - rate * scale * newton_schulz(20 * d)
    return p


@jax.jit
def follow(optimizer: Any, params: Any, gradients: Any) -> Any:
    def update(carry: Any, g: Any) -> Any:
        params, state = carry
        updates, state = optimizer.update(g, state, params)
        return (jax.tree.map(jnp.add, params, updates), state), None

    return jax.lax.scan(update, (params, optimizer.init(params)), gradients)[0][0]


def problem(rng: np.random.Generator) -> tuple[Any, Any]:
    params: Any = {name: {"w": rng.normal(size=s)} for name, s in SHAPES.items()}
    params["stacked"]["b"] = rng.normal(size=(5, 4))
    params["wide"]["b"] = rng.normal(size=7)
    gradients = jax.tree.map(lambda p: rng.normal(size=(STEPS, *p.shape)), params)
    return params, gradients


@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.usefixtures("x64")
def test_follows_its_formula(nesterov: bool, rng: np.random.Generator) -> None:
    params, gradients = problem(rng)
    rest = Adam(0.1)
    muon = Muon(0.1, rest, weight_decay=0.2, nesterov=nesterov, ends="muon")
    got = follow(muon, params, gradients)
    alone = follow(rest, params, gradients)
    for name in SHAPES:
        w, g = params[name]["w"], gradients[name]["w"]
        expected = jordan(w, g, 0.1, 0.2, nesterov)
        np.testing.assert_allclose(got[name]["w"], expected, rtol=1e-10, atol=1e-12)
    for name in ("stacked", "wide"):
        np.testing.assert_array_equal(got[name]["b"], alone[name]["b"])


def test_singular_values_are_near_1(rng: np.random.Generator) -> None:
    """Of gradients whose own range over a factor of 30."""
    gradients = {}
    for name, shape in SHAPES.items():
        u, s, vt = np.linalg.svd(rng.normal(size=shape), full_matrices=False)
        s = np.broadcast_to(np.geomspace(1, 1 / 30, s.shape[-1]), s.shape)
        gradients[name] = {"w": jnp.asarray(1e3 * (u * s[..., None, :]) @ vt, "f4")}
    muon = Muon(1.0, Adam(), ends="muon")
    updates, _ = jax.jit(muon.update)(gradients, muon.init(gradients), gradients)
    for name, shape in SHAPES.items():
        scale = max(1.0, shape[-1] / shape[-2]) ** 0.5
        sizes = np.linalg.svd(np.asarray(updates[name]["w"]) / scale)[1]
        assert ((sizes > 0.65) & (sizes < 1.25)).all(), (name, sizes)


def test_the_ends_are_left_to_the_rest(rng: np.random.Generator) -> None:
    """First and last matrix of a network with a stack in between."""
    layers = fnn.layers
    model = layers.Sequential(
        layers.Dense(6, 4),
        layers.Repeat(layers.Sequential(layers.LayerNorm(4), layers.Dense(4, 4)), 3),
        layers.Dense(4, 2),
    )
    params = model.init(jax.random.key(0))[0]
    g = jax.tree.map(lambda p: jnp.asarray(rng.normal(size=p.shape), p.dtype), params)
    rest = AdamW(0.1, weight_decay=0.3)
    muon = Muon(0.1, rest)
    updates, state = jax.jit(muon.update)(g, muon.init(params), params)
    expected, _ = jax.jit(rest.update)(g, rest.init(params), params)
    # Two programs may round differently.
    same = jax.tree.map(lambda a, b: np.allclose(a, b, 1e-5), updates, expected)
    different = [
        jax.tree_util.keystr(path)
        for path, equal in jax.tree_util.tree_leaves_with_path(same)
        if not equal
    ]
    assert len(different) == 1
    assert different[0].endswith("['w']")
    # Memory only for what each treats: one stack, and everything else.
    assert [leaf.shape for leaf in jax.tree.leaves(state["velocity"])] == [(3, 4, 4)]
    kept = len(jax.tree.leaves(state["rest"]["m"]))
    assert kept == len(jax.tree.leaves(params)) - 1


@pytest.mark.usefixtures("x64")
def test_numbers_are_leaves(rng: np.random.Generator) -> None:
    """One program for every number; a sweep is each run alone; finite slopes."""
    params = {
        name: {"w": rng.normal(size=shape), "b": rng.normal(size=2)}
        for name, shape in (("tall", (4, 3)), ("zero", (2, 2)))
    }
    gradients = jax.tree.map(lambda p: rng.normal(size=(3, *p.shape)), params)
    gradients["zero"]["w"] = np.zeros((3, 2, 2))
    leaves, treedef = jax.tree.flatten(Muon(0.1, Adam(0.1), ends="muon"))
    table = np.array(leaves) * (1 - 0.5 * np.eye(len(leaves) + 1, len(leaves)))
    sweep = treedef.unflatten(list(table.T))
    together = jax.vmap(follow, in_axes=(0, None, None))(sweep, params, gradients)
    misses = follow._cache_size()  # pyright: ignore
    for row, numbers in enumerate(table):
        alone = follow(treedef.unflatten(list(numbers)), params, gradients)
        jax.tree.map(
            lambda a, b, row=row: np.testing.assert_allclose(a[row], b, rtol=1e-8),
            together,
            alone,
        )
    assert follow._cache_size() <= misses + 1  # pyright: ignore

    def total(optimizer: Any, gradients: Any) -> jax.Array:
        after = follow(optimizer, params, gradients)
        return sum((jnp.sum(p) for p in jax.tree.leaves(after)), jnp.zeros(()))

    optimizer = treedef.unflatten(leaves)
    slopes = jax.jit(jax.grad(total, (0, 1)))(optimizer, gradients)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(slopes))
    ends = [
        total(treedef.unflatten([leaves[0] + h, *leaves[1:]]), gradients)
        for h in (-1e-6, 1e-6)
    ]
    expected = float(ends[1] - ends[0]) / 2e-6
    assert float(slopes[0].learning_rate) == pytest.approx(expected, rel=1e-6)


def test_zero_stays_zero_and_size_is_of_no_matter() -> None:
    muon = Muon(0.1, Adam(), ends="muon")
    g = {"w": jnp.zeros((3, 4))}
    updates, _ = muon.update(g, muon.init(g), g)
    np.testing.assert_array_equal(updates["w"], np.zeros((3, 4)))
    for size in (1e-3, 1e25):
        g = {"w": size * jnp.eye(3, 4)}
        updates, _ = muon.update(g, muon.init(g), g)
        assert np.abs(updates["w"]).max() == pytest.approx(0.1, rel=0.4)


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match=r"Muon.ends must be 'rest' or 'muon'"):
        Muon(0.1, Adam(), ends="both")
    with pytest.raises(ValueError, match=r"Muon.iterations must be at least 1"):
        Muon(0.1, Adam(), iterations=0)
    with pytest.raises(TypeError, match=r"Muon.rest must be one of fnn.optimizers"):
        Muon(0.1, "adam").init({"w": jnp.ones((2, 2))})

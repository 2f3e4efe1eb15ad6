"""Strict numerics for every test, and keys whose seed is printed on failure."""

import os
import random

import jax
import numpy as np
import pytest

jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """A new seed for every run, shown on failure; FNN_TEST_SEED pins it."""
    value = int(os.environ.get("FNN_TEST_SEED", random.randrange(2**31)))
    request.node.add_report_section("setup", "seed", f"FNN_TEST_SEED={value}")
    return value


@pytest.fixture
def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture
def x64():
    """Tests of mathematics run in float64."""
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module")
def quickly_compiled():
    """For modules that call each of many programs a few times, with tolerances.

    What optimization does to results is measured elsewhere, to units in the last place.
    """
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
    # No other module shall meet these programs.
    jax.clear_caches()

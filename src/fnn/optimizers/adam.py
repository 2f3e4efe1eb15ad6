"""Adam and what is made of it: AdamW, AMSGrad, NAdam."""

from typing import Any

import jax
import jax.numpy as jnp

from fnn._core.checks import check_choice
from fnn._core.component import number, static
from fnn._core.trees import square_root
from fnn.optimizers.base import ArrayOptimizer


class Adam(ArrayOptimizer):
    """Adaptive moments, with epsilon outside the root and after the correction.

    With n the number of this update, from 1,

        m <- beta1 m + (1 - beta1) g,      m_hat = m / (1 - beta1^n)
        v <- beta2 v + (1 - beta2) g^2,    v_hat = v / (1 - beta2^n)
        x <- x - learning_rate m_hat / (sqrt(v_hat) + epsilon)

    Without the correction, which the notes leave undefined, the first step would be
    3.16 times too large (errata G6). Source: Kingma and Ba, 2015.

    Args:
        learning_rate: a number or a schedule.
        beta1: share of m that survives a step.
        beta2: share of v that survives a step.
        epsilon: keeps the divisor from 0.

    Example:
        >>> optimizer = Adam(0.1)
        >>> params = {"w": jnp.array([1.0, -2.0])}
        >>> state = optimizer.init(params)
        >>> updates, _ = optimizer.update({"w": jnp.array([5.0, -3.0])}, state, params)
        >>> [round(step, 4) for step in updates["w"].tolist()]
        [-0.1, 0.1]
    """

    learning_rate: Any = number(default=1e-3, at_least=0)
    beta1: Any = number(default=0.9, at_least=0, below=1)
    beta2: Any = number(default=0.999, at_least=0, below=1)
    epsilon: Any = number(default=1e-8, above=0)

    def slot_names(self) -> tuple[str, ...]:
        return ("m", "v")

    def moments(
        self, g: jax.Array, slots: dict[str, jax.Array]
    ) -> tuple[jax.Array, jax.Array]:
        """Both moments after one more gradient, not corrected."""
        m = self.beta1 * slots["m"] + (1 - self.beta1) * g
        v = self.beta2 * slots["v"] + (1 - self.beta2) * jnp.square(g)
        return m, v

    def update_array(
        self,
        g: jax.Array,
        slots: dict[str, jax.Array],
        p: jax.Array,
        rate: jax.Array,
        step: jax.Array,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del p
        m, v = self.moments(g, slots)
        # The corrections are scalars: one division an entry is left, not three.
        m_scale, v_scale = 1 / (1 - jnp.stack((self.beta1, self.beta2)) ** step)
        v_hat = v * v_scale
        update = -rate * m_scale * m / (square_root(v_hat) + self.epsilon)
        return update, {"m": m, "v": v}


class AdamW(Adam):
    """Adam with weights that decay beside it, not through the moments.

        x <- x - learning_rate (m_hat / (sqrt(v_hat) + epsilon) + weight_decay x)

    The decay is scaled by the learning rate, as in PyTorch, Optax and Keras; the
    paper's is not, for which see `DecoupledWeightDecay`. Only weight matrices decay,
    the parameters named "w"; there PyTorch and Optax decay every array. The default
    0.01 is PyTorch's; Optax has 1e-4, Keras 4e-3 (errata G7). Source: Loshchilov and
    Hutter, 2019.

    Args:
        learning_rate: a number or a schedule.
        beta1: share of m that survives a step.
        beta2: share of v that survives a step.
        epsilon: keeps the divisor from 0.
        weight_decay: share of a weight that a step at learning rate 1 takes away.

    Example:
        >>> optimizer = AdamW(0.1, weight_decay=0.5)
        >>> params = {"w": jnp.array([2.0]), "b": jnp.array([2.0])}
        >>> zeros = {"w": jnp.zeros(1), "b": jnp.zeros(1)}
        >>> updates, _ = optimizer.update(zeros, optimizer.init(params), params)
        >>> round(float(updates["w"][0]), 4), abs(float(updates["b"][0]))
        (-0.1, 0.0)
    """

    weight_decay: Any = number(default=0.01, at_least=0)

    def update_weight(
        self,
        g: jax.Array,
        slots: dict[str, jax.Array],
        p: jax.Array,
        rate: jax.Array,
        step: jax.Array,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        update, slots = self.update_array(g, slots, p, rate, step)
        return update - rate * self.weight_decay * p, slots


class AMSGrad(Adam):
    """Adam with a second moment that never falls, in one of three forms.

    With m, v, m_hat and v_hat as in `Adam` and u starting at 0,

        corrected:  u <- max(u, v_hat),  x <- x - rate m_hat / (sqrt(u) + epsilon)
        raw:        u <- max(u, v),
                    x <- x - rate m_hat / (sqrt(u / (1 - beta2^n)) + epsilon)
        paper:      u <- max(u, v),      x <- x - rate m / (sqrt(u) + epsilon)

    "corrected" is Optax's, "raw" that of PyTorch and Keras, "paper" that of Reddi,
    Kale and Kumar, 2018, which corrects nothing and has no epsilon: choose a small
    one (errata G7).

    Args:
        learning_rate: a number or a schedule.
        beta1: share of m that survives a step.
        beta2: share of v that survives a step.
        epsilon: keeps the divisor from 0.
        form: "corrected", "raw" or "paper".

    Example:
        >>> g = {"w": jnp.array([4.0])}
        >>> for form in ("corrected", "raw", "paper"):
        ...     optimizer = AMSGrad(0.1, beta1=0.5, beta2=0.75, form=form)
        ...     updates, _ = optimizer.update(g, optimizer.init(g), g)
        ...     print(form, round(float(updates["w"][0]), 4))
        corrected -0.1
        raw -0.1
        paper -0.1
    """

    form: str = static(default="corrected")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("AMSGrad.form", self.form, ("corrected", "raw", "paper"))

    def slot_names(self) -> tuple[str, ...]:
        return ("m", "v", "largest")

    def update_array(
        self,
        g: jax.Array,
        slots: dict[str, jax.Array],
        p: jax.Array,
        rate: jax.Array,
        step: jax.Array,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del p
        m, v = self.moments(g, slots)
        correction = 1 - self.beta2**step
        seen = v / correction if self.form == "corrected" else v
        largest = jnp.maximum(slots["largest"], seen)
        divisor = largest / correction if self.form == "raw" else largest
        scale = -rate if self.form == "paper" else -rate / (1 - self.beta1**step)
        update = scale * m / (square_root(divisor) + self.epsilon)
        return update, {"m": m, "v": v, "largest": largest}


class NAdam(Adam):
    """Adam with Nesterov's look-ahead, in one of two forms.

    With m, v and v_hat as in `Adam` and n from 1, m_bar stands in the place of m_hat:

        constant:  m_bar = beta1 m / (1 - beta1^(n+1)) + (1 - beta1) g / (1 - beta1^n)
        schedule:  m_bar = mu_(n+1) m / (1 - P_(n+1)) + (1 - mu_n) g / (1 - P_n)
                   mu_n = beta1 (1 - 0.96^(n momentum_decay) / 2),  P_n = mu_1 ... mu_n

    "constant" is Optax's; "schedule" is PyTorch's, with `momentum_decay` 0.004, and
    Keras's, with 1. It becomes "constant" as `momentum_decay` grows (errata G7).
    Source: Dozat, 2016, whose text has the schedule.

    Args:
        learning_rate: a number or a schedule.
        beta1: share of m that survives a step.
        beta2: share of v that survives a step.
        epsilon: keeps the divisor from 0.
        momentum_decay: how fast mu rises from beta1 / 2 to beta1; "schedule" only.
        form: "constant" or "schedule".

    Example:
        >>> g = {"w": jnp.array([4.0])}
        >>> for form in ("constant", "schedule"):
        ...     optimizer = NAdam(0.1, beta1=0.5, form=form)
        ...     updates, _ = optimizer.update(g, optimizer.init(g), g)
        ...     print(form, round(float(updates["w"][0]), 3))
        constant -0.133
        schedule -0.113
    """

    momentum_decay: Any = number(default=0.004, at_least=0)
    form: str = static(default="constant")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("NAdam.form", self.form, ("constant", "schedule"))

    def slot_names(self) -> tuple[str, ...]:
        return ("m", "v") if self.form == "constant" else ("m", "v", "product")

    def init_slots(self, p: jax.Array) -> dict[str, jax.Array]:
        slots = super().init_slots(p)
        if "product" in slots:
            # P_n is one number, the same for every entry.
            slots["product"] = jnp.ones((), p.dtype)
        return slots

    def update_array(
        self,
        g: jax.Array,
        slots: dict[str, jax.Array],
        p: jax.Array,
        rate: jax.Array,
        step: jax.Array,
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        del p
        m, v = self.moments(g, slots)
        new = {"m": m, "v": v}
        if self.form == "constant":
            now = following = self.beta1
            product, next_product = self.beta1**step, self.beta1 ** (step + 1)
        else:
            now, following = self._momentum(step), self._momentum(step + 1)
            product = new["product"] = slots["product"] * now
            next_product = product * following
        m_bar = following / (1 - next_product) * m + (1 - now) / (1 - product) * g
        v_hat = v * (1 / (1 - self.beta2**step))
        return -rate * m_bar / (square_root(v_hat) + self.epsilon), new

    def _momentum(self, n: jax.Array) -> jax.Array:
        return self.beta1 * (1 - 0.5 * 0.96 ** (n * self.momentum_decay))

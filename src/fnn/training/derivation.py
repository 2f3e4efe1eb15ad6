"""The equations of one pass, in the order of their computation, as text or Markdown.

Where a layer has at most four inputs and outputs, every unit's equation stands there
with its numbers; of larger ones the formula and the values.
"""

import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from fnn.training.notation import Text, delta_name

_WIDEST_SPELLED_OUT = 4

_LEGEND = (
    "Layers count from 0 by their affine map, units from 1; a place is an index in the "
    "model. $x$ is the example, $y$ its target, "
    "$z = x W + b$ the output of an affine map with $W$ of shape (inputs, outputs), "
    r"$a$ that of the activation after it, $C$ the loss, "
    r"$\delta = \partial C/\partial z$."
)


class Section(NamedTuple):
    """A heading and its lines: a tuple is an equation's sides, a string is prose."""

    heading: str
    lines: list[tuple[str, ...] | str]


def as_text(told: Any, write: Text) -> str:
    """An `Explanation` in plain text."""
    legend = _LEGEND.replace("$", "").replace(r"\partial ", "d").replace("\\", "")
    blocks = [textwrap.fill(legend, 88)]
    for section in _sections(told, write):
        lines = (
            line if isinstance(line, str) else " = ".join(line)
            for line in section.lines
        )
        blocks.append("\n".join((section.heading, *(f"  {line}" for line in lines))))
    return "\n\n".join(blocks)


def as_markdown(told: Any, write: Text) -> str:
    """An `Explanation` in Markdown."""
    blocks = [_LEGEND]
    for section in _sections(told, write):
        blocks.append(f"## {section.heading}")
        for line in section.lines:
            prose = isinstance(line, str)
            blocks.append(line if prose else f"$$ {' = '.join(line)} $$")
    return "\n\n".join(blocks)


def _sections(told: Any, write: Text) -> Iterator[Section]:
    yield Section("The network", list(_network(told, write)))
    for layer in told.layers:
        heading = f"Forward: {layer.kind} at place {layer.place}"
        yield Section(heading, list(_forward(layer, write)))
    yield Section("The loss", list(_loss(told, write)))
    for layer in reversed(told.layers):
        heading = f"Backward: {layer.kind} at place {layer.place}"
        yield Section(heading, list(_backward(layer, write)))
    if told.learning_rate is not None:
        yield Section("One gradient step", list(_update(told, write)))


def _network(told: Any, write: Text) -> Iterator[tuple[str, ...] | str]:
    yield "x", write.values(told.x)
    target, classes = told.target, told.prediction.size
    if target.ndim == 0 and np.issubdtype(target.dtype, np.integer):
        yield f"The target is class {target} of 0 to {classes - 1}, as a row:"
        target = (np.arange(classes) == target).astype(told.x.dtype)
    yield "y", write.values(target)
    for layer in told.layers:
        for name in _parameters(layer):
            symbol = write.symbol(_parameter(layer, name))
            yield symbol, write.values(layer.parameters[name])


def _forward(layer: Any, write: Text) -> Iterator[tuple[str, ...]]:
    source, output = write.symbol(layer.input_name), write.symbol(layer.output_name)
    if layer.kind == "Dense":
        bias = "b" in layer.parameters
        weights, shift = _parameter(layer, "w"), _parameter(layer, "b")
        tail = f" + {write.symbol(shift)}" if bias else ""
        yield output, f"{source} {write.symbol(weights)}{tail}"
        for o, value in _spelled(layer, layer.output):
            pairs = zip(layer.input, layer.parameters["w"][:, o], strict=True)
            terms = [_product(write, *pair) for pair in pairs]
            terms += [write.factor(layer.parameters["b"][o])] if bias else []
            name = write.symbol(layer.output_name, (o + 1,))
            yield name, " + ".join(terms), write.number(value)
    elif layer.slope is not None:
        yield output, write.function(layer.layer, source)
        for o, value in _spelled(layer, layer.output):
            number = write.factor(layer.input[o])
            name = write.symbol(layer.output_name, (o + 1,))
            yield name, write.function(layer.layer, number), write.number(value)
    else:
        yield output, f"{_upright(layer.kind, write)}({source})"
    yield output, write.values(layer.output)


def _loss(told: Any, write: Text) -> Iterator[tuple[str, ...] | str]:
    yield f"{told.loss_name.removesuffix('()')} of the prediction and the target y:"
    name = told.layers[-1].output_name if told.layers else "x"
    symbol, prediction = write.symbol(name), told.prediction
    gradient = write.gradient(name)
    if formulas := write.loss(told.loss_name, symbol):
        formula, slope = formulas
        size = write.number(prediction.size)
        spelled = told.loss_name == "HalfSquaredError()"
        spelled = spelled and prediction.size <= _WIDEST_SPELLED_OUT
        squares = [
            f"({write.number(a)} - {write.factor(y)})^2"
            for a, y in zip(prediction, told.target if spelled else (), strict=False)
        ]
        sum_of = f"({' + '.join(squares)})" if len(squares) > 1 else "".join(squares)
        sides = [write.half + sum_of] if spelled else []
        yield "C", formula, *sides, write.number(told.loss)
        if "K" in formula:
            yield "K", size
        yield gradient, slope, write.values(told.loss_gradient)
    else:
        yield "C", write.number(told.loss)
        yield gradient, write.values(told.loss_gradient)
    if told.penalty is not None:
        yield "The penalty R on the parameters adds its own value and gradient:"
        yield "R", write.number(told.penalty)


def _backward(layer: Any, write: Text) -> Iterator[tuple[str, ...] | str]:
    into, out = write.gradient(layer.input_name), write.gradient(layer.output_name)
    if layer.kind == "Dense":
        yield from _parameter_gradients(layer, write)
        weights = write.symbol(_parameter(layer, "w"))
        yield into, f"{out} {write.transpose(weights)}"
        for i, value in _spelled(layer, layer.input_gradient):
            pairs = zip(layer.output_gradient, layer.parameters["w"][i], strict=True)
            terms = " + ".join(_product(write, *pair) for pair in pairs)
            yield write.gradient(layer.input_name, (i + 1,)), terms, write.number(value)
    elif layer.slope is not None:
        slope = write.slope(layer.input_name)
        if formula := write.derivative(layer.layer, write.symbol(layer.output_name)):
            yield slope, formula
        for o, value in _spelled(layer, layer.slope if formula else np.zeros(0)):
            number = write.derivative(layer.layer, write.factor(layer.output[o]))
            yield write.slope(layer.input_name, (o + 1,)), number, write.number(value)
        yield slope, write.values(layer.slope)
        whole = rf"\frac{{\partial C}}{{\partial {write.symbol(layer.input_name)}}}"
        named = [whole] if write.tex else [f"dC/d{layer.input_name}"]
        named = named if delta_name(layer.input_name) else []
        yield into, *named, f"{out}{write.entrywise}{slope}"
        for o, value in _spelled(layer, layer.input_gradient):
            factors = _product(write, layer.output_gradient[o], layer.slope[o])
            name = write.gradient(layer.input_name, (o + 1,))
            yield name, factors, write.number(value)
    if layer.kind != "Dense":
        if layer.slope is None:
            yield f"By the backward rule of {layer.kind}, from its output's gradient:"
        of = _differentiated(layer)
        for name in _parameters(layer):
            symbol = write.gradient(_parameter(layer, name), of=of)
            yield symbol, write.values(layer.gradients[name])
    yield into, write.values(layer.input_gradient)


def _parameter_gradients(layer: Any, write: Text) -> Iterator[tuple[str, ...]]:
    delta, source = write.gradient(layer.output_name), write.symbol(layer.input_name)
    penalty, of = layer.penalty_gradients, _differentiated(layer)
    for name, formula in (("w", f"{write.transpose(source)} {delta}"), ("b", delta)):
        if name not in layer.gradients:
            continue
        symbol, gradient = _parameter(layer, name), layer.gradients[name]
        if penalty:
            formula += " + " + write.gradient(symbol, of="R")
        yield write.gradient(symbol, of=of), formula
        if name == "w":
            for (i, o), value in _spelled_matrix(layer, gradient):
                terms = _product(write, layer.input[i], layer.output_gradient[o])
                terms += f" + {write.factor(penalty[name][i, o])}" if penalty else ""
                unit = write.gradient(symbol, (i + 1, o + 1), of)
                yield unit, terms, write.number(value)
        yield write.gradient(symbol, of=of), write.values(gradient)


def _update(told: Any, write: Text) -> Iterator[tuple[str, ...] | str]:
    rate = write.number(told.learning_rate)
    yield f"Each parameter less {rate} times its gradient:"
    for layer in told.layers:
        for name in _parameters(layer):
            symbol = _parameter(layer, name)
            gradient = write.gradient(symbol, of=_differentiated(layer))
            step = f"{write.symbol(symbol)} - {rate}{write.times}{gradient}"
            new = layer.parameters[name] + layer.updates[name]
            yield write.words("new ") + write.symbol(symbol), step, write.values(new)
    yield "The loss of the example after the step:"
    yield "C", write.number(told.loss_after)


def _parameter(layer: Any, name: str) -> str:
    """The symbol of a parameter, with its affine map's number: W0, b0."""
    if layer.kind == "Dense":
        return ("W" if name == "w" else name) + layer.output_name[1:]
    return f"{name} at place {layer.place}"


def _parameters(layer: Any) -> list[str]:
    """The names of a layer's parameters, weights first."""
    return sorted(layer.parameters, key=lambda name: name != "w")


def _differentiated(layer: Any) -> str:
    """What the gradients of the parameters are gradients of."""
    return "(C + R)" if layer.penalty_gradients else "C"


def _upright(word: str, write: Text) -> str:
    return rf"\mathrm{{{word}}}" if write.tex else word


def _product(write: Text, a: Any, b: Any) -> str:
    return write.factor(a) + write.times + write.factor(b)


def _is_small(layer: Any) -> bool:
    return max(layer.input.size, layer.output.size) <= _WIDEST_SPELLED_OUT


def _spelled(layer: Any, array: np.ndarray) -> list[tuple[int, Any]]:
    """The entries to write one by one: all of them, or none of a large layer."""
    return list(enumerate(array)) if _is_small(layer) else []


def _spelled_matrix(layer: Any, array: np.ndarray) -> list[tuple[Any, Any]]:
    return list(np.ndenumerate(array)) if _is_small(layer) else []

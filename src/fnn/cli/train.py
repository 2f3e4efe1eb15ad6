"""`fnn train`: train on digits, tell how it went."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import jax
import numpy as np
from rich.markup import escape
from rich.table import Table

import fnn
from fnn._core.checks import Range, check_range, check_size
from fnn.cli.digits import DigitsNetwork, digits
from fnn.cli.options import (
    LEARNING_RATES,
    OPTIMIZERS,
    ROADS,
    Flag,
    Optimizer,
    Rate,
    check_picture,
)
from fnn.cli.output import console, print_json
from fnn.cli.progress import progress


@dataclass(frozen=True, kw_only=True)
class Train(DigitsNetwork):
    """Train a multilayer perceptron on 1,797 digits and test it on 359 of them.

    The exit status is 1 if the loss does not stay finite.
    """

    optimizer: Optimizer = "adam"
    """Gradient descent: adaptive, plain, or with momentum 0.9."""
    learning_rate: Rate = None
    """The highest, after one epoch of warm-up; it falls to 0 along a cosine."""
    epochs: int = 60
    """Passes over the training images."""
    gradient: Literal["autodiff", "backprop"] = "autodiff"
    """Automatic or hand-derived gradients."""
    plot: Path = Path("fnn-digits.png")
    """Where to save learning curves and confusion matrix, as PNG."""
    no_plot: Flag = False
    """Save no plot."""

    @property
    def peak(self) -> float:
        """The learning rate, or the optimizer's own if none is given."""
        given = self.learning_rate
        return LEARNING_RATES[self.optimizer] if given is None else given

    def check(self, rows: int) -> None:
        """Raise ValueError unless the flags are in their ranges."""
        super().check(rows)
        check_range("--learning-rate", self.peak, Range(at_least=0))
        check_size("--epochs", self.epochs)
        if not self.no_plot:
            check_picture(self.plot)

    def recipe(self, rows: int) -> fnn.Recipe:
        """What to train and how, on so many examples."""
        steps = rows // self.batch_size
        total = steps * self.epochs
        # One epoch of warm-up, but at most a tenth of a short run.
        schedule = fnn.schedules.Cosine(
            self.peak, total_steps=total, warmup_steps=min(steps, total // 10)
        )
        return fnn.Recipe(
            self.model(),
            fnn.losses.SoftmaxCrossEntropy(),
            OPTIMIZERS[self.optimizer](schedule),
            gradient=ROADS[self.gradient],
        )

    def describe(self) -> str:
        """The recipe in words."""
        return (
            f"{super().describe()}, {self.optimizer} {self.peak:g}, "
            f"epochs {self.epochs}, {self.gradient}"
        )

    def run(self, started: float) -> int:
        """Train, test, draw and tell."""
        train, validation, test = digits()
        self.check(len(train.x))
        recipe = self.recipe(len(train.x))
        out = console(self.json)
        state = fnn.init(recipe, jax.random.key(self.seed))
        with progress(out, self.epochs) as show:
            state, history = fnn.fit(
                recipe,
                state,
                train,
                epochs=self.epochs,
                batch_size=self.batch_size,
                validation=validation,
                metrics=(fnn.metrics.accuracy,),
                on_epoch=(show,),
            )
        evaluate = jax.jit(fnn.evaluate, static_argnames="metrics")
        tested = evaluate(recipe, state, test, metrics=(fnn.metrics.confusion_matrix,))
        loss = float(tested["loss"])
        if not np.isfinite([*history.loss, *history.validation["loss"], loss]).all():
            raise FloatingPointError(
                "the loss did not stay finite: try a --learning-rate below "
                f"{self.peak:g}."
            )
        confusion = np.asarray(tested["confusion_matrix"])
        accuracies = history.validation["accuracy"]
        plot = self._draw(history, confusion)
        result = Result(
            test_accuracy=float(np.trace(confusion) / confusion.sum()),
            test_loss=loss,
            validation_accuracy=float(accuracies[-1]),
            best_validation_accuracy=float(accuracies.max()),
            best_epoch=int(accuracies.argmax()) + 1,
            confusion=most_frequent(confusion),
            parameters=fnn.parameter_count(state.params),
            epochs=len(history.loss),
            seconds=time.perf_counter() - started,
            recipe=self.describe(),
            seed=self.seed,
            plot=plot,
        )
        if self.json:
            print_json(result._asdict())
        else:
            out.print(table(result, len(test.x)))
        return 0

    def _draw(self, history: fnn.History, confusion: np.ndarray) -> str | None:
        """Save the plot and return its path; None, and why on stderr, without it."""
        if self.no_plot:
            return None
        try:
            from fnn.cli.plot import save

            save(self.plot, history, confusion, self.describe())
        except ModuleNotFoundError as error:
            if error.name != "matplotlib":
                raise
            why = "matplotlib is not installed: pip install 'fnn[plot]'"
        except OSError as error:
            # A finished training is worth more than its picture.
            why = str(error)
        else:
            return str(self.plot)
        print(f"fnn: no plot: {why}", file=sys.stderr)
        return None


class Result(NamedTuple):
    """What `fnn train` tells, and prints as JSON.

    Attributes:
        test_accuracy: share of the test images read right.
        test_loss: mean loss of the test images.
        validation_accuracy: after the last epoch.
        best_validation_accuracy: and `best_epoch`, from 1, where it was reached first.
        confusion: the most frequent one, in words.
        parameters: number of trained numbers.
        epochs: passes over the training images.
        seconds: of the command, from the start of `main`: compilation and plot are in.
        recipe: in words.
        seed: that of the run.
        plot: path of the PNG, or None.
    """

    test_accuracy: float
    test_loss: float
    validation_accuracy: float
    best_validation_accuracy: float
    best_epoch: int
    confusion: str
    parameters: int
    epochs: int
    seconds: float
    recipe: str
    seed: int
    plot: str | None


def most_frequent(confusion: np.ndarray) -> str:
    """The largest cell off the diagonal, in words."""
    errors = confusion - np.diag(np.diag(confusion))
    if not errors.any():
        return "none"
    true, read = np.unravel_index(errors.argmax(), errors.shape)
    times = int(errors[true, read])
    return f"{true} read as {read}: {times} time{'s' if times > 1 else ''}"


def table(result: Result, tested: int) -> Table:
    """The result for a human."""
    right = round(result.test_accuracy * tested)
    rows = {
        "test accuracy": f"[bold]{result.test_accuracy:.2%}[/] ({right} of {tested})",
        "test loss": f"{result.test_loss:.4f}",
        "validation accuracy": (
            f"{result.validation_accuracy:.2%} last, "
            f"{result.best_validation_accuracy:.2%} best (epoch {result.best_epoch})"
        ),
        "most frequent confusion": result.confusion,
        "parameters": f"{result.parameters:,}",
        "epochs": str(result.epochs),
        "seconds": f"{result.seconds:.1f}",
        "recipe": result.recipe,
        "plot": escape(result.plot or "none"),
    }
    grid = Table.grid(padding=(0, 2))
    for name, value in rows.items():
        grid.add_row(name, value)
    return grid

"""`fnn train`: train on digits, tell how it went."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

import fnn
from fnn.cli.options import Train, digits, print_json


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


def run(options: Train, started: float) -> int:
    """Train, test, draw and tell; returns the exit status.

    Args:
        options: the flags.
        started: reading of `time.perf_counter` when the command began.

    Raises:
        ValueError: a flag is out of its range.
        FloatingPointError: the loss did not stay finite.
    """
    train, validation, test = digits()
    options.check(train)
    recipe = options.recipe(train)
    console = options.console
    state = fnn.init(recipe, jax.random.key(options.seed))
    with progress(console, options.epochs) as show:
        state, history = fnn.fit(
            recipe,
            state,
            train,
            epochs=options.epochs,
            batch_size=options.batch_size,
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
            f"{options.peak:g}."
        )
    confusion = np.asarray(tested["confusion_matrix"])
    accuracies = history.validation["accuracy"]
    plot = draw(options, history, confusion)
    result = Result(
        test_accuracy=float(np.trace(confusion) / confusion.sum()),
        test_loss=loss,
        validation_accuracy=float(accuracies[-1]),
        best_validation_accuracy=float(accuracies.max()),
        best_epoch=int(accuracies.argmax()) + 1,
        confusion=most_frequent(confusion),
        parameters=sum(leaf.size for leaf in jax.tree.leaves(state.params)),
        epochs=len(history.loss),
        seconds=time.perf_counter() - started,
        recipe=options.describe(),
        seed=options.seed,
        plot=plot,
    )
    if options.json:
        print_json(result._asdict())
    else:
        console.print(table(result, len(test.x)))
    return 0


@contextlib.contextmanager
def progress(
    console: Console, epochs: int
) -> Iterator[Callable[[fnn.TrainState, fnn.Epoch], Any]]:
    """Give a function for `fnn.fit` to call: a bar on a terminal, else ten lines."""
    if not console.is_terminal:
        every = -(-epochs // 10)

        def write(state: fnn.TrainState, epoch: fnn.Epoch) -> None:
            del state
            if epoch.number % every == 0 or epoch.number == epoch.of:
                console.print(f"epoch {epoch.number}/{epoch.of}  {_in_words(epoch)}")

        yield write
        return
    columns = (
        TextColumn("epoch {task.completed:.0f}/{task.total:.0f}"),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("compiling", total=epochs)

        def update(state: fnn.TrainState, epoch: fnn.Epoch) -> None:
            del state
            bar.update(task, completed=epoch.number, description=_in_words(epoch))

        yield update


def _in_words(epoch: fnn.Epoch) -> str:
    accuracy = epoch.validation["accuracy"]
    return f"loss {epoch.loss:.4f}  validation accuracy {accuracy:.2%}"


def most_frequent(confusion: np.ndarray) -> str:
    """The largest cell off the diagonal, in words."""
    errors = confusion - np.diag(np.diag(confusion))
    if not errors.any():
        return "none"
    true, read = np.unravel_index(errors.argmax(), errors.shape)
    times = int(errors[true, read])
    return f"{true} read as {read}: {times} time{'s' if times > 1 else ''}"


def draw(options: Train, history: fnn.History, confusion: np.ndarray) -> str | None:
    """Save the plot and return its path; None without it."""
    if options.no_plot:
        return None
    try:
        from fnn.cli.plot import save
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        print(
            "fnn: no plot: matplotlib is not installed: pip install 'fnn[plot]'",
            file=sys.stderr,
        )
        return None
    save(options.plot, history, confusion, options.describe())
    return str(options.plot)


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
        "plot": result.plot or "none",
    }
    grid = Table.grid(padding=(0, 2))
    for name, value in rows.items():
        grid.add_row(name, value)
    return grid

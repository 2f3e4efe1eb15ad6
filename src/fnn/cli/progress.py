"""How far a training is: a bar on a terminal, a few lines elsewhere."""

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

import fnn

_LINES = 10


@contextlib.contextmanager
def progress(
    console: Console, epochs: int
) -> Iterator[Callable[[fnn.TrainState, fnn.Epoch], None]]:
    """Give a function for `fnn.fit` to call: a bar on a terminal, else ten lines."""
    if not console.is_terminal:
        every = -(-epochs // _LINES)

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

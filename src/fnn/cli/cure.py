"""`fnn cure`: why a deep network for digits does not learn, and what helps."""

from dataclasses import dataclass

import fnn
from fnn._core.checks import check_size
from fnn.cli.deep import DeepNetwork
from fnn.cli.diagnose import as_dict
from fnn.cli.output import console, print_json, spelled


@dataclass(frozen=True, kw_only=True)
class Cure(DeepNetwork):
    """Find why a deep network does not learn digits, change that, confirm by training.

    The exit status is 1 if no cure was confirmed. With --json an infinite number is the
    string "inf", and one that could not be measured null.
    """

    batch_size: int = 32
    """Images in a step."""
    epochs: int = 5
    """Passes over the training images in each short training."""
    tries: int = 4
    """Remedies to try, at most."""

    def run(self, started: float) -> int:
        """Diagnose, change, train and tell."""
        del started
        check_size("--epochs", self.epochs)
        check_size("--tries", self.tries)
        found = fnn.cure(
            *self.start(),
            epochs=self.epochs,
            batch_size=self.batch_size,
            tries=self.tries,
        )
        if self.json:
            print_json(
                spelled(
                    {
                        "confirmed": found.confirmed,
                        "before": as_dict(found.before),
                        "after": as_dict(found.after),
                        "causes": [
                            {
                                "name": cause.name,
                                "evidence": cause.evidence,
                                "remedy": cause.remedy,
                            }
                            for cause in found.causes
                        ],
                        "trials": [
                            trial._asdict() | {"cause": trial.cause.name}
                            for trial in found.trials
                        ],
                        "loss_before": found.loss_before,
                        "loss_after": found.loss_after,
                        "cured": str(found.recipe),
                        "recipe": self.describe(),
                        "seed": self.seed,
                    }
                )
            )
        else:
            out = console(self.json)
            out.print(self.describe())
            out.print(f"\n{found}", markup=False)
            if found.trials:
                out.print(f"\n{found.recipe}", markup=False)
        return 0 if found else 1

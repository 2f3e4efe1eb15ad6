"""The bundled data set: 1,797 handwritten digits."""

from importlib import resources

import numpy as np

from fnn.data.base import Batch


def digits() -> Batch:
    """Handwritten digits of 43 people, as 8 x 8 counts of dark pixels.

    The test part of "Optical Recognition of Handwritten Digits" of the UCI Machine
    Learning Repository: E. Alpaydin and C. Kaynak, 1998, CC BY 4.0 (see NOTICE.md
    beside this file). No network is needed.

    Returns:
        x: (1797, 64) float32 from 0 to 16, a row an image; y: (1797,) int32 from 0 to
        9. NumPy arrays.

    Example:
        >>> data = digits()
        >>> data.x.shape, data.y.shape, float(data.x.max())
        ((1797, 64), (1797,), 16.0)
    """
    path = resources.files("fnn.data") / "digits.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return Batch(arrays["x"].astype(np.float32), arrays["y"].astype(np.int32))

"""Data: batches, their order, the bundled digits, preprocessing."""

from fnn.data.base import Batch as Batch
from fnn.data.base import batches as batches
from fnn.data.base import take as take
from fnn.data.digits import digits as digits
from fnn.data.epochs import epoch_indices as epoch_indices
from fnn.data.epochs import permutation as permutation
from fnn.data.preprocessing import Standardize as Standardize
from fnn.data.preprocessing import one_hot as one_hot
from fnn.data.preprocessing import stratified_split as stratified_split

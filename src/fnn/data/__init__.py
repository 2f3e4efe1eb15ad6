"""Data: batches, their order, data sets, readers, preprocessing, splits."""

from fnn.data.balance import class_weights as class_weights
from fnn.data.balance import example_weights as example_weights
from fnn.data.balance import resample as resample
from fnn.data.base import Batch as Batch
from fnn.data.base import batches as batches
from fnn.data.base import take as take
from fnn.data.digits import digits as digits
from fnn.data.epochs import epoch_indices as epoch_indices
from fnn.data.epochs import permutation as permutation
from fnn.data.folds import Fold as Fold
from fnn.data.folds import k_fold as k_fold
from fnn.data.folds import stratified_k_fold as stratified_k_fold
from fnn.data.generators import friedman as friedman
from fnn.data.generators import moons as moons
from fnn.data.generators import sine as sine
from fnn.data.generators import spirals as spirals
from fnn.data.generators import xor as xor
from fnn.data.preprocessing import MinMax as MinMax
from fnn.data.preprocessing import Standardize as Standardize
from fnn.data.preprocessing import one_hot as one_hot
from fnn.data.preprocessing import stratified_split as stratified_split
from fnn.data.readers import read_csv as read_csv
from fnn.data.readers import read_idx as read_idx
from fnn.data.readers import read_npz as read_npz

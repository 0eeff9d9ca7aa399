"""Networks of the smallest size."""

import torch

torch.set_num_threads(1)  # networks this small lose more to waiting threads than they gain

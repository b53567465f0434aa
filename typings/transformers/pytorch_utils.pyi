import torch
from torch import nn

class Conv1D(nn.Module):
    weight: torch.Tensor

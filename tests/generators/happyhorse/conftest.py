"""Fixes what the last digits of products depend on."""

from __future__ import annotations

import torch

torch.set_num_threads(2)

"""3x3 convolutions with a quarter of the multiplications: Winograd's minimal filtering, F(4x4, 3x3).

Lavin and Gray: Fast Algorithms for Convolutional Neural Networks, CVPR 2016, section 4: a tile of 4x4 results is
A^T [(G g G^T) * (B^T d B)] A of the kernel g and the 6x6 values d it reads, with 36 products in place of 144. Summed
over channels these are 36 matrix products. The gradients of x and of g follow by transposition. Rounding is about
five times that of direct convolution in float32: 1e-5 of the largest result.

All pictures are float32 [N, C, H, W], best channels last; stride, dilation and groups are 1.
"""

from __future__ import annotations

import torch
from torch import Tensor

TILE = 4  # results per side
READ = TILE + 2  # values per side that they depend on

_B = torch.tensor(
    [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0],
     [0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]], dtype=torch.float32,
)  # fmt: skip
_G = torch.tensor([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]], dtype=torch.float32) / 24
_A = torch.tensor([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]).float()
# along both sides at once: of flattened tiles
READ_TO_PRODUCTS = torch.kron(_B, _B)  # [36, 36]
KERNEL_TO_PRODUCTS = torch.kron(_G, _G)  # [36, 9]
PRODUCTS_TO_TILE = torch.kron(_A, _A)  # [16, 36]


def convolution(x: Tensor, weight: Tensor, padding: tuple[int, int]) -> Tensor:
    """``torch.conv2d`` of ``weight``, [K, C, 3, 3], over a border of ``padding`` zeros; channels last."""
    count, channels, height, width = x.shape
    kernels = len(weight)
    height, width = height + 2 * padding[0] - 2, width + 2 * padding[1] - 2
    read, rows, columns = _read(x, padding, height, width)
    kernel = (KERNEL_TO_PRODUCTS @ weight.permute(2, 3, 1, 0).reshape(9, -1)).view(-1, channels, kernels)
    tiles = PRODUCTS_TO_TILE @ torch.bmm(read, kernel).view(READ * READ, -1)
    tiles = tiles.view(TILE, TILE, count, rows, columns, kernels).permute(2, 3, 0, 4, 1, 5)
    result = tiles.reshape(count, rows * TILE, columns * TILE, kernels)[:, :height, :width]
    return result.contiguous().permute(0, 3, 1, 2)


def input_gradient(gradient: Tensor, weight: Tensor, padding: tuple[int, int]) -> Tensor:
    """The gradient of the x of ``convolution`` from that of its result: a convolution with flipped kernels."""
    return convolution(gradient, weight.flip(2, 3).transpose(0, 1), (2 - padding[0], 2 - padding[1]))


def weight_gradient(x: Tensor, gradient: Tensor, padding: tuple[int, int]) -> Tensor:
    """The gradient [K, C, 3, 3] of the weight of ``convolution`` from that of its result, [N, K, h, w]."""
    count, kernels, height, width = gradient.shape
    read, rows, columns = _read(x, padding, height, width)
    missing = [0, 0, 0, columns * TILE - width, 0, rows * TILE - height]
    tiles = torch.constant_pad_nd(gradient.permute(0, 2, 3, 1), missing)
    tiles = tiles.reshape(count, rows, TILE, columns, TILE, kernels).permute(2, 4, 0, 1, 3, 5).reshape(TILE * TILE, -1)
    products = (PRODUCTS_TO_TILE.t() @ tiles).view(READ * READ, -1, kernels)
    of_kernel = torch.bmm(products.transpose(1, 2), read).view(READ * READ, -1)
    return (KERNEL_TO_PRODUCTS.t() @ of_kernel).view(3, 3, kernels, -1).permute(2, 3, 0, 1)


def _read(x: Tensor, padding: tuple[int, int], height: int, width: int) -> tuple[Tensor, int, int]:
    """What the tiles of ``height`` x ``width`` results read, transformed, [36, tiles, C]; their rows and columns."""
    count, channels = x.shape[:2]
    rows, columns = -(-height // TILE), -(-width // TILE)
    below = rows * TILE + 2 - padding[0] - x.shape[2]
    right = columns * TILE + 2 - padding[1] - x.shape[3]
    padded = torch.constant_pad_nd(x.permute(0, 2, 3, 1), [0, 0, padding[1], right, padding[0], below]).contiguous()
    picture, row, column, channel = padded.stride()
    size = (READ, READ, count, rows, columns, channels)
    windows = padded.as_strided(size, (row, column, picture, TILE * row, TILE * column, channel))
    read = READ_TO_PRODUCTS @ windows.reshape(READ * READ, -1)
    return read.view(READ * READ, -1, channels), rows, columns

"""bfloat16, where it is faster than float32."""

import torch


def bf16(device: torch.device, *, wanted: bool) -> torch.autocast:
    """Within it matrix products and convolutions are in bfloat16, where that is wanted and the processor has it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=wanted and has_bf16(device))


def has_bf16(device: torch.device) -> bool:
    """Whether the processor has instructions for it: one that has none imitates them, at ten times the time of float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return torch.backends.mkldnn.is_available() and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001 - there is no other way to ask

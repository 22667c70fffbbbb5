"""Opening the style of a conversion on the devices that were asked for."""

from __future__ import annotations

from translate.convert.inputs import OnRemark, ignore_remark
from translate.errors import UserError
from translate.style.devices import GpuOptions, choose_devices
from translate.style.lanes import Lane, Lanes
from translate.style.translator import MAX_WORKERS, Translator, style_file


def open_on_devices(
    style: str,
    device: str,
    *,
    int8: bool = True,
    tile: int | None = None,
    memory: int | None = None,
    gpu: GpuOptions | None = None,
    on_remark: OnRemark = ignore_remark,
) -> Translator | Lanes:
    """The shipped style or style file ``style``: a `Translator` on the CPU, `Lanes` on one GPU or several.

    ``device`` as for `choose_devices`; where it is ``auto`` and the GPU fails later, its pictures go to the CPU.
    ``int8`` as for `open_style`, ``tile`` and ``memory`` as for `Translator`; ``on_remark`` is called with what went
    otherwise than asked for. Raises ``UnusableError`` if the style or a device cannot be used, ``UserError``
    for a batch below 1.
    """
    gpu = gpu or GpuOptions()
    if gpu.batch < 1:
        raise UserError(f"<batch> {gpu.batch}: has to be at least 1")

    def open_on(name: str) -> Translator:
        file = style_file(style, device=name, int8=int8)
        return Translator(file, device=name, tile=tile, memory=memory, gpu=gpu, on_remark=on_remark)

    def open_cpu() -> Lane:
        translator = open_on("cpu")
        return Lane(translator, threads=translator.divide_cores(MAX_WORKERS))

    devices, _ = choose_devices(device)
    translators = [open_on(name) for name in ([device] if device == "auto" else devices)]
    if devices == ["cpu"]:
        return translators[0]
    if translators[0].device == "cpu":  # CUDA did not start, in spite of everything found
        translator = open_on("cpu")
        translator.why_cpu = translators[0].why_cpu
        return translator
    # two threads take turns on a GPU, but a recorded graph has one set of buffers
    lanes = [Lane(translator, batch=gpu.batch, threads=1 if gpu.cuda_graphs else 2) for translator in translators]
    return Lanes(lanes, fallback=open_cpu if device == "auto" else None, on_remark=on_remark)

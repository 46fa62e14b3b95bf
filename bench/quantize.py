"""Makes `<name>.int8.onnx` beside each `<name>.onnx` of a folder, by onnxruntime's own dynamic quantiser.

Weights per tensor, as onnxruntime's defaults and the converter of transformers.js have it: signed bytes for the operands of
matrix products; unsigned ones for graphs with convolutions, because ConvInteger knows no others. Activations are rounded
while the model runs. Usage: quantize.py FOLDER [NAME ...]; run it as quantize-setup.sh says.
"""

import sys
import types
from pathlib import Path


class Missing(types.ModuleType):
    """Stands for onnx.reference, which the calibration of the quantiser imports and dynamic quantisation never calls:
    in Debian 13 the two packages do not agree about it."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


for module in ("onnx.reference", "onnx.reference.op_run", "onnx.reference.ops"):
    sys.modules[module] = Missing(module)

import onnx  # noqa: E402
from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: E402

folder = Path(sys.argv[1])
for name in sys.argv[2:]:
    source, target = folder / f"{name}.onnx", folder / f"{name}.int8.onnx"
    operators = {node.op_type for node in onnx.load(source).graph.node}
    weight_type = QuantType.QUInt8 if "Conv" in operators else QuantType.QInt8
    unfinished = target.with_suffix(".part")
    quantize_dynamic(source, unfinished, weight_type=weight_type, extra_options={"MatMulConstBOnly": True})
    unfinished.rename(target)
    print(f"{target.name}: {target.stat().st_size / 1e6:.1f} MB, {weight_type.name}")

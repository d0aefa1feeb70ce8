"""A product by ONNX Runtime."""

from collections.abc import Callable

import numpy
import onnx
import onnxruntime
from onnx import helper


def prepare(setting: int | None = None) -> Callable[[], object]:
    size = [700, 700]
    inputs = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, size) for name in "ab"]
    output = helper.make_tensor_value_info("c", onnx.TensorProto.FLOAT, size)
    graph = helper.make_graph([helper.make_node("MatMul", ["a", "b"], ["c"])], "product", inputs, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    if setting:
        options.intra_op_num_threads = setting
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    matrix = numpy.ones(size, dtype=numpy.float32)
    return lambda: session.run(None, {"a": matrix, "b": matrix})

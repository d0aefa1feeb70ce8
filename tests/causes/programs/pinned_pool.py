"""A session of ONNX Runtime, whose pool has a thread for each core of the machine, each pinned to one of its own.

It asks for no affinity that the process was given: microsoft/onnxruntime#10113. A count of the user's own pins none.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy

SIDE = 1024


def suffers() -> Callable[[], object]:
    return product(0)


def healthy() -> Callable[[], object]:
    return product(1)


def product(threads: int) -> Callable[[], object]:
    """A product of two matrices by a session; 0 threads: as many as it takes by itself."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model(), options, providers=["CPUExecutionProvider"])
    matrix = numpy.random.default_rng(0).random((SIDE, SIDE), dtype=numpy.float32)
    return lambda: session.run(None, {"left": matrix, "right": matrix})


def model() -> bytes:
    from onnx import TensorProto, helper

    shape = [SIDE, SIDE]
    left, right, out = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("left", "right", "out")
    )
    graph = helper.make_graph([helper.make_node("MatMul", ["left", "right"], ["out"])], "product", [left, right], [out])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 9
    content: bytes = made.SerializeToString()
    return content

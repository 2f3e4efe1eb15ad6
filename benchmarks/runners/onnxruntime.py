"""ONNX Runtime: the network as a graph, run as it comes."""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks import cases
from benchmarks.cases import Case
from benchmarks.runners.loops import calls
from benchmarks.turns import Candidates, Run, serve


def model_of(case: Case) -> onnx.ModelProto:
    """A `Gemm` a layer, ReLU between."""
    nodes, arrays, name = [], [], "x"
    weights = cases.weights(case)
    for i, (w, b) in enumerate(weights):
        arrays += [
            numpy_helper.from_array(a, f"{n}{i}") for n, a in (("w", w), ("b", b))
        ]
        nodes.append(helper.make_node("Gemm", [name, f"w{i}", f"b{i}"], [f"z{i}"]))
        name = f"z{i}"
        if i < len(weights) - 1:
            nodes.append(helper.make_node("Relu", [name], [f"h{i}"]))
            name = f"h{i}"
    ends = [
        helper.make_tensor_value_info(end, TensorProto.FLOAT, [None, size])
        for end, size in (("x", case.sizes[0]), (name, case.sizes[-1]))
    ]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], arrays)
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=9)


def forward(case: Case) -> Run:
    """A session's `run`."""
    session = onnxruntime.InferenceSession(model_of(case).SerializeToString())
    return calls(case, lambda x: session.run(None, {"x": x})[0])


_FORWARD = {"run": forward}
CANDIDATES: Candidates = {"C7 1": _FORWARD, "C7 4096": _FORWARD}

if __name__ == "__main__":
    serve(CANDIDATES)

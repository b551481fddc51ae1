"""An isolation forest of scikit-learn: no labels, and low scores are the anomalous ones."""

from common import FEATURES, out, read, some, write_samples
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import IsolationForest

inputs, _, later = read()
model = IsolationForest(n_estimators=40, max_samples=64, random_state=0).fit(inputs)
graph = to_onnx(
    model,
    initial_types=[("features", FloatTensorType([None, len(FEATURES)]))],
    target_opset={"": 21, "ai.onnx.ml": 3},
)
out("model.onnx").write_bytes(graph.SerializeToString())
write_samples(some(later), model.decision_function(some(later)))

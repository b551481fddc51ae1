"""A random forest of scikit-learn, exported by skl2onnx: a label and a list of maps."""

from common import FEATURES, out, read, some, write_samples
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import RandomForestClassifier

inputs, frauds, later = read()
model = RandomForestClassifier(
    30, max_depth=6, min_samples_leaf=10, class_weight="balanced", random_state=0
)
model.fit(inputs, frauds)
graph = to_onnx(
    model,
    initial_types=[("features", FloatTensorType([None, len(FEATURES)]))],
    target_opset={"": 21, "ai.onnx.ml": 3},
)
out("model.onnx").write_bytes(graph.SerializeToString())
write_samples(some(later), model.predict_proba(some(later))[:, 1])

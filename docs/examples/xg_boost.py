"""XGBoost, exported by onnxmltools: a label and a matrix of probabilities."""

import xgboost
from common import FEATURES, out, read, some, write_samples
from onnxmltools import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

inputs, frauds, later = read()
model = xgboost.XGBClassifier(n_estimators=80, max_depth=4, random_state=0, base_score=0.5)
model.fit(inputs, frauds)
graph = convert_xgboost(
    model,
    initial_types=[("features", FloatTensorType([None, len(FEATURES)]))],
    target_opset=15,
)
out("model.onnx").write_bytes(graph.SerializeToString())
write_samples(some(later), model.predict_proba(some(later))[:, 1])

"""LightGBM, exported by onnxmltools without ZipMap: a label and a matrix of probabilities."""

import lightgbm
from common import FEATURES, out, read, some, write_samples
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

inputs, frauds, later = read()
model = lightgbm.LGBMClassifier(n_estimators=80, num_leaves=15, random_state=0, verbose=-1)
model.fit(inputs, frauds.astype(int))
graph = convert_lightgbm(
    model,
    initial_types=[("features", FloatTensorType([None, len(FEATURES)]))],
    target_opset=15,
    zipmap=False,
)
out("model.onnx").write_bytes(graph.SerializeToString())
write_samples(some(later), model.predict_proba(some(later))[:, 1])

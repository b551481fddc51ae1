"""CatBoost, which exports by itself: a label and a list of maps."""

import catboost
from common import out, read, some, write_samples

inputs, frauds, later = read()
model = catboost.CatBoostClassifier(
    iterations=60, depth=4, random_seed=0, verbose=False, allow_writing_files=False
)
model.fit(inputs, frauds.astype(int))
model.save_model(str(out("model.onnx")), format="onnx")
write_samples(some(later), model.predict_proba(some(later))[:, 1])

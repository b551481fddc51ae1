"""A network of PyTorch that ends in a logit: a raw margin, served through a logistic function."""

import numpy as np
import torch
from common import FEATURES, out, read, some, write_samples

torch.manual_seed(0)
inputs, frauds, later = read()


class Scaled(torch.nn.Module):
    """A small network that scales and clips its inputs itself."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(inputs.mean(axis=0)))
        self.register_buffer("deviation", torch.tensor(inputs.std(axis=0) + 1e-3))
        count = len(FEATURES)
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(count, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1)
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the logit of each row."""
        scaled = (features - self.mean) / self.deviation
        # Without a bound, an extreme input could leave the range of float32.
        return self.layers(torch.clip(scaled, -20.0, 20.0))


model = Scaled()
optimizer = torch.optim.Adam(model.parameters(), 0.01)
loss = torch.nn.BCEWithLogitsLoss()
features, targets = torch.tensor(inputs), torch.tensor(frauds.astype(np.float32))[:, None]
for _ in range(30):
    for rows in torch.randperm(len(features)).split(4_096):
        optimizer.zero_grad()
        loss(model(features[rows]), targets[rows]).backward()
        optimizer.step()
torch.onnx.export(
    model.eval(),
    (features[:2],),
    str(out("model.onnx")),
    input_names=["features"],
    output_names=["logit"],
    dynamic_shapes={"features": {0: torch.export.Dim.DYNAMIC}},
    opset_version=18,
    external_data=False,
)
with torch.no_grad():
    write_samples(some(later), torch.sigmoid(model(torch.tensor(some(later)))).numpy())

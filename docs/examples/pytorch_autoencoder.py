"""An autoencoder of PyTorch: what it reconstructs badly is anomalous."""

import torch
from common import FEATURES, out, read, some, write_samples

torch.manual_seed(0)
inputs, frauds, later = read()


class Autoencoder(torch.nn.Module):
    """Squeezes scaled and clipped inputs through few numbers; its output is the error."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(inputs.mean(axis=0)))
        self.register_buffer("deviation", torch.tensor(inputs.std(axis=0) + 1e-3))
        count = len(FEATURES)
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(count, 8),
            torch.nn.Tanh(),
            torch.nn.Linear(8, 3),
            torch.nn.Tanh(),
            torch.nn.Linear(3, count),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error of each row."""
        scaled = torch.clip((features - self.mean) / self.deviation, -20.0, 20.0)
        return ((self.layers(scaled) - scaled) ** 2).mean(dim=1, keepdim=True)


model = Autoencoder()
optimizer = torch.optim.Adam(model.parameters(), 0.01)
# It learns what is usual.
features = torch.tensor(inputs[~frauds])
for _ in range(15):
    for rows in torch.randperm(len(features)).split(4_096):
        optimizer.zero_grad()
        model(features[rows]).mean().backward()
        optimizer.step()
torch.onnx.export(
    model.eval(),
    (features[:2],),
    str(out("model.onnx")),
    input_names=["features"],
    output_names=["error"],
    dynamic_shapes={"features": {0: torch.export.Dim.DYNAMIC}},
    opset_version=18,
    external_data=False,
)
with torch.no_grad():
    write_samples(some(later), model(torch.tensor(some(later))).numpy())

"""The engine: transactions in, assessments out; the same live, in a backtest and in training."""

"""From a history of transactions to a model artifact, through the engine that serves."""

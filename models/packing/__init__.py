"""From a graph that some framework exported to an artifact that passes the gate."""

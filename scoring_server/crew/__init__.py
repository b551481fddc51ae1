"""Several worker processes that serve one port from one state, and what watches over them."""

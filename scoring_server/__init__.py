"""The gRPC scoring server: state, detectors, model, journal and the services in front of them."""

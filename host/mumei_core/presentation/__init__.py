"""One presentation as one proof: request, wire format, prover, verifier."""

"""The conformance suite's tool: prepares cards, runs the checks on one, reports by clause."""

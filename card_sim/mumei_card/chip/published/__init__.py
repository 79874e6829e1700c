"""Published timings of chips, one module a chip; every figure names its file and row."""

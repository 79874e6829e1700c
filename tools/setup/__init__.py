"""Set-up behind `make demo` and `make test`: from a bare machine to an environment that can run them."""

"""The trustees: each holds a share of every handle, and no handle (mumei protocol 2.5)."""

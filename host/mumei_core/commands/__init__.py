"""What apdu_specs says, as Python: generated constants and the request object."""

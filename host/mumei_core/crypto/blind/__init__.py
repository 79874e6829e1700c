"""Blind BBS core operations: draft-irtf-cfrg-bbs-blind-signatures, commit 981ea65."""

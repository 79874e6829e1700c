"""BBS core operations: draft-irtf-cfrg-bbs-signatures."""

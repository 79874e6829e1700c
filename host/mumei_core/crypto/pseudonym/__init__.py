"""Per-verifier pseudonyms: draft-irtf-cfrg-bbs-per-verifier-linkability."""

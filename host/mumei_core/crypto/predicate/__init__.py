"""Date predicates by digit signatures: Camenisch-Chaabouni-shelat 2008."""

"""Who may ask what: certification authority, sector authorities, certificates of terminals (mumei protocol 2.6)."""

"""Extended access control, BSI TR-03110 v2.21: PACE, CV certificates, Terminal Authentication."""

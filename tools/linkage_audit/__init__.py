"""The linkage audit: many cards at many relying parties, and whether anything tells the cards apart."""

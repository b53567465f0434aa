"""Which exploit types a run is about to learn: expected discoveries, and the published trend."""

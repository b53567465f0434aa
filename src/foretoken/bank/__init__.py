"""The bank: graded hits with their proposal densities."""

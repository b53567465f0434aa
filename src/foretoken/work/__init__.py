"""Work that training, banks, truth and audits share: drawing, grading, scoring, seeds, settings."""

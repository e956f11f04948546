"""What people approved: labels, formats in and out, near-duplicates, the split."""

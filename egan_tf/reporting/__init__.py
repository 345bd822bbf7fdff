"""What a run says of itself while it goes on: progress, records, sample grids, plots."""

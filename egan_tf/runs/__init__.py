"""What lets a run be stopped at any instant and go on as if nothing had happened."""

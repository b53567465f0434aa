"""What stands beside the switch estimate."""

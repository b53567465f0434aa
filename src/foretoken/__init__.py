"""Forecast which ways of cheating its graders an RL run is about to learn."""

"""The parts of the board "Data verification and pipeline", each a few rows of panels about one thing."""

"""The outside world in a box: a sandbox EHR, a synthetic practice, and scripted people."""

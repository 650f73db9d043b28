"""The product's judgement: pure functions over frozen values. No I/O, no clock, no framework."""

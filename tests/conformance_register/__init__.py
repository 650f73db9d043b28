"""What is required of us, by number, and which tests prove it: the makings of docs/conformance.md.

The requirements are data (``*.toml``), a test says ``@pytest.mark.proves("R5", "S3")``, and
``make conformance`` runs the tests that say so and writes the document.
"""

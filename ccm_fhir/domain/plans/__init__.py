"""The care plan that people write here: its parts, drafts, versions, and how it stands.

``careplan`` is the picture of what an EHR's plans hold; this is the plan that the care team
builds, adopts and reviews in this app.
"""

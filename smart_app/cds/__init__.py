"""CDS Hooks for EHRs: JSON in, JSON out, no session, no cookie, no CORS."""

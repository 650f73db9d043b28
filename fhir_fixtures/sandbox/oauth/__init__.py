"""The sandbox EHR as an authorization server: SMART App Launch 2.2 and OpenID Connect."""

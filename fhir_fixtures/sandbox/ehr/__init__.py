"""The sandbox EHR as its users see it: the launcher and the chart with the app inside."""
